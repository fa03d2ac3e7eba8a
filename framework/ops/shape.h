// Everything that concerns the shape of tensors.
#pragma once

#include "framework/ops/conversion.h"
#include "framework/ops/joining.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/views.h"
