// Package audit turns the API server's audit log into a timeline of what people
// did. A Follower reads the log in the control-plane node without loss or repeat,
// a Classifier makes events of its lines, and a Watcher joins the two with a
// checkpoint that survives the end of the process.
//
// The log file is read, not a webhook: the webhook batches for up to 30 s and drops
// what does not fit its buffer.
package audit
