"""What the services must agree on: values, errors, languages, Redis keys, the queue, events."""
