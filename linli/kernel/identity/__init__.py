"""Who someone is: accounts, sign-in, devices, API tokens, and the encrypted fields that keep a person private."""
