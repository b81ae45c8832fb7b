package home

// syncDir does nothing: Windows has no way to sync a folder, and NTFS journals renames.
func syncDir(string) error { return nil }
