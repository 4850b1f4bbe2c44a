"""Reading images: finding, decoding, preprocessing, and their date, time and camera."""
