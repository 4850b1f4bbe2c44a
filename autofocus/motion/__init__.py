"""What moved in front of a camera, against what it saw before and after."""
