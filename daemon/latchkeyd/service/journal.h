// SPDX-License-Identifier: Apache-2.0
//
// Moved: the arrow goes from service to io. This header ends once nobody includes it from here.
#pragma once

#include "daemon/latchkeyd/io/journal.h"
