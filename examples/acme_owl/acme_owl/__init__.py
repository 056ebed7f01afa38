"""Acme's models on Amazon Bedrock."""
