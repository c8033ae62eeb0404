"""The pages of virtdomain in a real browser, as they are seen on a phone."""

import looks

looks.add_cases("phone")
looks.main()
