"""Tests of the service. Run them with: python3 -m unittest"""
