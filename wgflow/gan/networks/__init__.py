"""The networks: perceptrons, DCGAN and a small ResNet, as generators and as discriminators that end in features."""
