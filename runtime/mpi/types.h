/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* MPI's types and operations, as weft's. */
#ifndef WEFT_MPI_TYPES_H
#define WEFT_MPI_TYPES_H

#include <mpi.h>
#include <stdbool.h>

#include <weft/weft.h>

/* Of what is reduced; false: weft has none like it */
bool wmpi_type(MPI_Datatype type, enum weft_type *to);
bool wmpi_operation(MPI_Op op, enum weft_reduction *to);
/* Bytes of one of MPI's own types without gaps, of what is only moved; 0: any other */
uint64_t wmpi_type_plain(MPI_Datatype type);

#endif
