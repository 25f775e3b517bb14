"""What GANs are trained on: laws in the plane, scikit-learn's digits, and image files that the user has."""
