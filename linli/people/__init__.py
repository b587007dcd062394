"""人户：居民、家庭、住所；一人一号，各房间共用。Residents, households, dwellings; what is personal is sealed and every look is recorded."""
