"""What brings a cluster up on one machine: engine, images, accounts, compose. Standard library only,
so that it runs before anything is installed."""
