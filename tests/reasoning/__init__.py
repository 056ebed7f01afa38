"""Reasoning: levels, budgets, replay, loops, answers."""
