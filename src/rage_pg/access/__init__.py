"""Who may ask, and for which brands: API keys, SQL logins, sessions of the page.

The database enforces what is granted here; this stage writes down what is granted.
"""
