/* A case's tensors in memory that the coordinator and one worker share.
 *
 * Each tensor has a segment of whole pages; the worker maps it between pages that fault. Where in its segment the
 * tensor lies is chosen for each call: at the end, at the beginning (so that both neighbours of a tensor fault in
 * turn), or where it is timed. What a tensor leaves free in its segment is filled with a canary. */
#ifndef LAYERCAKE_RUN_ARENA_H
#define LAYERCAKE_RUN_ARENA_H

#include "base/status.h"
#include "layercake/tensor.h"
#include "reference/reference.h"
#include "run/finding.h"

typedef enum cake_placing {
    CAKE_PLACE_LEFT,
    CAKE_PLACE_RIGHT, /* as far as the kernel's min_align lets it */
    CAKE_PLACE_TIMED  /* 64-byte aligned, tensors at different distances from the page so that they do not alias */
} cake_placing;

typedef struct cake_arena {
    int descriptor; /* memfd; -1: none */
    char *memory;   /* the coordinator's map of all of it */
    uint64_t size_bytes;
    int count;
    uint32_t align;    /* the kernel's min_align */
    uint32_t overread; /* bytes past each tensor that stay readable */
    const cake_tensor_list *list;
    cake_tensor tensor[CAKE_MAX_TENSORS]; /* data: where the last placing put it */
    uint64_t segment_offset[CAKE_MAX_TENSORS], segment_bytes[CAKE_MAX_TENSORS];
    uint64_t data_offset[CAKE_MAX_TENSORS]; /* in its segment, by the last placing */
} cake_arena;

/* Make the arena for a list of tensors (which must stay). Image tensors come in `layout`. */
cake_status cake_arena_make(cake_arena *arena, const cake_tensor_list *list, int32_t dtype, int32_t layout,
                            uint32_t align, uint32_t overread, cake_error *error);
void cake_arena_free(cake_arena *arena);

/* Put inputs, and constants too if `constants`, and outputs where `placing` says and fill them: canaries around,
 * values in (an array for each input and constant), outputs poisoned. */
void cake_arena_place(cake_arena *arena, cake_placing placing, bool constants, double *const *values);

/* Poison all outputs and restore their canaries. */
void cake_arena_poison(cake_arena *arena);

/* Are all canaries whole (oob-write if not) and inputs and constants what `values` says (input-modified if not)? */
bool cake_arena_intact(const cake_arena *arena, double *const *values, cake_finding *finding);

#endif
