#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the series touches compiles without a new warning, of the compiler or of
# sparse, as the guests have it and where the features that it builds on are
# configured off; at the end of the series. (Each patch: ci/check.)
. "$(dirname "$0")/../common.sh"

exec "$top/ci/check" --no-install --whole guest no-memory-failure no-fs-dax
