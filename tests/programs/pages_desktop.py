"""The pages of virtdomain in a real browser, as they are seen on a desktop."""

import looks

looks.add_cases("desktop")
looks.main()
