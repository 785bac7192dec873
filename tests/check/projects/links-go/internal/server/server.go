package server

import (
	"encoding/json"
	"net/http"

	"example.com/links/internal/store"
)

// Handler answers requests.
type Handler struct {
	links *store.Store
}

type createRequest struct {
	Target string `json:"target"`
	Owner  string `json:"owner"`
}

// NewHandler makes a handler.
func NewHandler(links *store.Store) *Handler {
	return &Handler{links: links}
}

// Routes are the paths that it serves.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/links", h.create)
	mux.HandleFunc("GET /api/links/{key}", h.show)
	return mux
}

func (h *Handler) create(w http.ResponseWriter, r *http.Request) {
	var request createRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	key, err := h.links.Add(request.Target, request.Owner)
	if err == store.ErrFull {
		writeError(w, http.StatusInsufficientStorage, err)
		return
	}
	writeJSON(w, http.StatusCreated, map[string]string{"key": key})
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	link, ok := h.links.Find(r.PathValue("key"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"target": link.Target, "owner": link.Owner})
}
