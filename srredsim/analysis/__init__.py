"""What separates the images of a data set: their noise, and the blur between two resolutions."""
