"""The arithmetic of subgroup discrepancy: plain functions of arrays, one question a module."""
