"""The pages of identity: `own` for everybody who signs in, `staff` for whoever manages accounts."""
