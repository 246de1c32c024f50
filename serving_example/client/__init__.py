"""The client's sources, which ship alone as the distribution ``featurelib-client``."""
