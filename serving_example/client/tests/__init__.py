"""The client against fakes, a faulty network and the service."""
