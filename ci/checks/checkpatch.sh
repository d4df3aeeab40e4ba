#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each patch applies, and checkpatch --strict finds nothing but what is listed
# with a reason; kernel-doc has no new warning.
. "$(dirname "$0")/../common.sh"

exec "$top/ci/check" --no-install applies checkpatch kernel-doc
