/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "types.h"

bool wmpi_type(MPI_Datatype type, enum weft_type *to)
{
	if (type == MPI_FLOAT)
		*to = WEFT_TYPE_F32;
	else if (type == MPI_INT || type == MPI_INT32_T)
		*to = WEFT_TYPE_I32;
	else if (type == MPI_SIGNED_CHAR || type == MPI_INT8_T)
		*to = WEFT_TYPE_I8;
	else if (type == MPI_UNSIGNED_CHAR || type == MPI_UINT8_T)
		*to = WEFT_TYPE_U8;
	else
		return false;
	return true;
}

bool wmpi_operation(MPI_Op op, enum weft_reduction *to)
{
	if (op == MPI_SUM)
		*to = WEFT_REDUCTION_SUM;
	else if (op == MPI_PROD)
		*to = WEFT_REDUCTION_PROD;
	else if (op == MPI_MAX)
		*to = WEFT_REDUCTION_MAX;
	else if (op == MPI_MIN)
		*to = WEFT_REDUCTION_MIN;
	else
		return false;
	return true;
}

uint64_t wmpi_type_plain(MPI_Datatype type)
{
	int integers, addresses, types, combiner, bytes;
	MPI_Aint low, extent;

	if (type == MPI_DATATYPE_NULL || PMPI_Type_get_envelope(type, &integers, &addresses, &types, &combiner) ||
	    combiner != MPI_COMBINER_NAMED || PMPI_Type_size(type, &bytes) || PMPI_Type_get_extent(type, &low, &extent))
		return 0;
	return bytes > 0 && !low && extent == bytes ? (uint64_t)bytes : 0;
}
