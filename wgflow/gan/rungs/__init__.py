"""The ladder's upper rungs: features trained freely, by a network, and by a whole GAN."""
