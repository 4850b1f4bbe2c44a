"""The tables that the stages exchange: their columns, types, reading and writing."""
