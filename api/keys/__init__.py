"""``python -m api.keys``: API keys made, listed, rotated and revoked by the operator."""
