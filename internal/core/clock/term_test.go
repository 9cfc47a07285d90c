package clock

import (
	"encoding/json"
	"testing"

	"go.yaml.in/yaml/v3"

	"motcua/internal/platform/civil"
)

// Terms stand in packs as YAML and in the store as JSON.
func TestTermIsReadFromPacksAndStores(t *testing.T) {
	want := Term{Amount: 1, Unit: WorkingDay, SameDayBefore: civil.MustTime("15:00")}
	for _, text := range []string{`{amount: 1, unit: working_day, same_day_before: "15:00"}`, `{amount: 1, unit: working_day, same_day_before: 15:00}`} {
		var got Term
		if err := yaml.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	raw, err := json.Marshal(want)
	if err != nil || string(raw) != `{"amount":1,"unit":"working_day","same_day_before":"15:00"}` {
		t.Errorf("%s, %v", raw, err)
	}
	var back Term
	if err := json.Unmarshal(raw, &back); err != nil || back != want {
		t.Errorf("%+v, %v", back, err)
	}
	if raw, _ := json.Marshal(Term{}); string(raw) != "{}" {
		t.Errorf("no term is %s", raw)
	}
	var dates struct {
		From civil.Date        `yaml:"from"`
		Born civil.PartialDate `yaml:"born"`
	}
	if err := yaml.Unmarshal([]byte("from: 2025-07-01\nborn: 1948\n"), &dates); err != nil || dates.From.String() != "2025-07-01" || dates.Born.String() != "1948" {
		t.Errorf("%+v, %v", dates, err)
	}
}
