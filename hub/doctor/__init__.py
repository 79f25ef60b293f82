"""Looks an installation over and says what to do about what it finds: for `hub doctor`."""
