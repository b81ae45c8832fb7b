package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/firedrill/firedrill/injectors"
)

// nodeSettingsFile holds how the drill's own node was set up before the fault. It stands
// beside the journal until the run's end has put everything back.
const nodeSettingsFile = "node-settings.json"

// keepNodeSettings writes down how the drill's own node is set up: a trainee is root there.
func (e *Engine) keepNodeSettings(ctx context.Context) error {
	node := e.run.Created.Node
	if node == "" {
		return nil
	}
	settings, err := injectors.TakeNodeSettings(ctx, e.injectTarget(), node)
	if err != nil {
		return fmt.Errorf("read how %s is set up: %w", node, err)
	}
	data, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("write how %s is set up: %w", node, err)
	}
	return e.Files.WriteFile(e.run.Created.Run, nodeSettingsFile, data)
}

// restoreNodeSettings puts back what anybody changed of them, the fault or the trainee.
func (e *Engine) restoreNodeSettings(ctx context.Context) error {
	data, err := e.Files.ReadFile(e.run.Created.Run, nodeSettingsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no node of its own, or it ended before anything was broken
	}
	if err != nil {
		return err
	}
	var settings injectors.NodeSettings
	if err := json.Unmarshal(data, &settings); err != nil {
		return fmt.Errorf("read %s: %w", nodeSettingsFile, err)
	}
	changed, err := settings.Restore(ctx, e.injectTarget())
	if len(changed) > 0 {
		e.Log.Info("node settings put back", "node", settings.Node, "files", changed)
	}
	return err
}
