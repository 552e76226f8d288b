"""Tests, cut by transformation x registry; cases are data with readable ids."""
