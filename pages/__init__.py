"""The dashboard's pages: functions only, run by the entry file ``app.py``."""
