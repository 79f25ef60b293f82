"""What tests need, ours and those of plugin authors."""
