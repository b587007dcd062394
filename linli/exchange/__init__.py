"""Exchange: what other systems are told and asked. Signed webhooks tell them what happened here; data sources answer what
other departments already know."""
