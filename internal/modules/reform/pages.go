package reform

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/web"
)

const path = "/quan-tri/sap-xep"

func today(t time.Time) string { return civil.DateOf(t).String() }

func (s *Service) routes() []web.Route { return nil }
func (s *Service) api(huma.API)        {}
