/* SPDX-License-Identifier: Apache-2.0 */
/* Made by make_corpus.py.  Keys for tests only: they are published
 * here, short, and worth nothing. */
#ifndef TESTS_FUZZ_FIXED_KEYS_H
#define TESTS_FUZZ_FIXED_KEYS_H

/* When the messages of the corpus were made. */
#define FIXED_NOW INT64_C(1795460537)

#define FIXED_CA_PEM                                                           \
	"-----BEGIN PRIVATE KEY-----\n"                                        \
	"MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBANXEKuIkdVGpVDBi\n"   \
	"bo3S4n98VvOyPeGc52Qzfc67nr3/UEyEeFUgEg5S2TdqU8ZFqjRCs8irHo4z54aK\n"   \
	"IH+j7dqTQtImYRhfNJ3KlxIJgM4sTaka0p2qrClKYmW/48T+Tkfa7B5ikOCpA0NO\n"   \
	"buXkwIp+2poMPLfAV6CO3URb8uY7AgMBAAECgYAq6WpCY1c5wWgpHllbFw5o0SkT\n"   \
	"WqCZfcnlj4Cd04QWV/5ineUaEYoOXgtE2I9gqfN08j7s9Yz4tuqvU2MavGmurQJb\n"   \
	"ZphhRYh0HzByKsghbsmj3vzfSMN4sk/wIgtXgf9EWWaNGUefzFdVl4esyy6fOLsE\n"   \
	"yakBLbMS7lCfT7FwIQJBAPVHvsooyE8Vw8mjTC4+Yq21g31zvsp3uYqni0DVtCYG\n"   \
	"KGXG8ughWGGt8HR/Gpxj+OCbm/uZYMBOqZipHG1/e00CQQDfG9YV3HhEPI1ruykI\n"   \
	"l7keBNS7Ups0hkpuYTe0TfA0siqnIwUH7Q8+3bssLxFbSXPR4pKPtUO444OBTc9Z\n"   \
	"TdOnAkBBrtrKrC0n8H4jqxUldRNbzTXPDIXVFkabeM5zqEa7v/5lcudtfjB6x+eS\n"   \
	"as8nfiYRj9ovgB1GokoMVY0FTZQpAkBndCvoRSwLUByviMC1OE1haxINrndDesXG\n"   \
	"uxOuarloZfk7ORTbIQSBvSVOjqC4uK2Y9DvLoVy+vdi7u43bNihfAkATlVbk1XiE\n"   \
	"lphoB9wr/OitIcmD419VLKIiARxFJqkjj22yN6KS1vM60p6HyaAJjMjmAa45fwOQ\n"   \
	"SG5ChtQoF5+B\n"                                                       \
	"-----END PRIVATE KEY-----\n"                                          \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIICHTCCAYagAwIBAgIQQPi2AFcdDq2jQVW0e9ofjDANBgkqhkiG9w0BAQsFADAr\n"   \
	"MQ0wCwYDVQQKDARUZXN0MRowGAYDVQQDDBFzY2VwYWdlbnQgdGVzdCBDQTAeFw0y\n"   \
	"NjExMjIxODAzMTdaFw0zNjExMjAxODAzMTdaMCsxDTALBgNVBAoMBFRlc3QxGjAY\n"   \
	"BgNVBAMMEXNjZXBhZ2VudCB0ZXN0IENBMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB\n"   \
	"iQKBgQDVxCriJHVRqVQwYm6N0uJ/fFbzsj3hnOdkM33Ou569/1BMhHhVIBIOUtk3\n"   \
	"alPGRao0QrPIqx6OM+eGiiB/o+3ak0LSJmEYXzSdypcSCYDOLE2pGtKdqqwpSmJl\n"   \
	"v+PE/k5H2uweYpDgqQNDTm7l5MCKftqaDDy3wFegjt1EW/LmOwIDAQABo0IwQDAd\n"   \
	"BgNVHQ4EFgQUI/BFJhe1Ch+KAq4vSTx8SfNnKpAwDwYDVR0TAQH/BAUwAwEB/zAO\n"   \
	"BgNVHQ8BAf8EBAMCAaYwDQYJKoZIhvcNAQELBQADgYEAjZ+JcYjGvH6qy5OgqUc+\n"   \
	"fzlkJBocLdMpnM2Ln7jGKPyo+G+IF9CcWw5BItH3MnNt0QmLp/73sLZv37NMX2/K\n"   \
	"hlkV8VjvqP6kDRjA+IQd7/0BnN7ldKAbOwJy5WCV+qWFKUoZQnyivmwiXOnSb5YA\n"   \
	"yfQtM4B2P5eQ5feVlQAV7sk=\n"                                           \
	"-----END CERTIFICATE-----\n"

#define FIXED_RA_PEM                                                           \
	"-----BEGIN PRIVATE KEY-----\n"                                        \
	"MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMNfqVUKsmKqVwZE\n"   \
	"B5ljK9JzSryZqDAY2K4HMWmi45HYF03q/5VWyrg3Yb92D6GV8kUqGD5SdZ5pJwjo\n"   \
	"wakbxnMLqtEomy/qgqtB1c8zdjmsQ+uCmFawwwKTqTajM/h6WM70rLY4/4lX54DC\n"   \
	"IBuy8ccUyRK5R1hVJ0ce5kppvk+rAgMBAAECgYEAqaTE2e0B3B5gljY4Cv5LrN8j\n"   \
	"RASAP9MzQllIlJs10wu5oJSu/LNyLucX3zHafMpApcHZbzQWoUhY9ql0jyxo8TEl\n"   \
	"D1sM4GSfLMTWJzFWiQOwe/f3kQPITOWQnAm9MuwrYilcVmMgv8TcdqRZuo8Uf4XY\n"   \
	"KQb/AqjyuFT7WGDkNVECQQD8tGvtB5Quu92XBg4V5TGxpfjXlvWcFnBTT7rxtVLN\n"   \
	"B/GrxUAYHuY0d6gXpy7O4b2mh2ZQ6CPFgY0IMHLu/hBNAkEAxevbe9D0UreVLFUa\n"   \
	"Zd64oX32zgHHmU5pW/k0dc9iy0HrHDr3abbnXd1BdCduykfYJqYEMGiXTn3j35zC\n"   \
	"mICb1wJAJ9jTQ9b0GMJq2IuN4Qn44ghHysb1B53KLHjgA4kR+16LTwiVaLhGmHNd\n"   \
	"wA0OpnSWERI8oflY2qXo9Seel+zb6QJAN6PuuAguJ3LkxOnH2gua7At1bsShUD/y\n"   \
	"7qBIVzZOF8YYSn9pPpbkxEaHOBg91TANXBAf7Vv57V8GyL5RFn5RUQJBAJHZI0+m\n"   \
	"yMT8+WWOdWxX/+x5ot78Qjb6f+LiKuQDJvpgj2bODVfoBZQOG9hasSdw2uWjXS6z\n"   \
	"cKoOpMoD7fSa3hI=\n"                                                   \
	"-----END PRIVATE KEY-----\n"                                          \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIICGjCCAYOgAwIBAgIQQF5nHQSpWSln0AsRK5XefDANBgkqhkiG9w0BAQsFADAr\n"   \
	"MQ0wCwYDVQQKDARUZXN0MRowGAYDVQQDDBFzY2VwYWdlbnQgdGVzdCBDQTAeFw0y\n"   \
	"NjExMjIxODAzMTdaFw0zNjExMjAxODAzMTdaMCsxDTALBgNVBAoMBFRlc3QxGjAY\n"   \
	"BgNVBAMMEXNjZXBhZ2VudCB0ZXN0IFJBMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB\n"   \
	"iQKBgQDDX6lVCrJiqlcGRAeZYyvSc0q8magwGNiuBzFpouOR2BdN6v+VVsq4N2G/\n"   \
	"dg+hlfJFKhg+UnWeaScI6MGpG8ZzC6rRKJsv6oKrQdXPM3Y5rEPrgphWsMMCk6k2\n"   \
	"ozP4eljO9Ky2OP+JV+eAwiAbsvHHFMkSuUdYVSdHHuZKab5PqwIDAQABoz8wPTAd\n"   \
	"BgNVHQ4EFgQUDOMDEaZLjKUzw4y1RlXa3sTNV94wDAYDVR0TAQH/BAIwADAOBgNV\n"   \
	"HQ8BAf8EBAMCBaAwDQYJKoZIhvcNAQELBQADgYEApcIDYX1Kt/hTMPbYH1AMj9QM\n"   \
	"oLMN7bkDCiIbevlQe/QZYqHiJwX9k7KOyVc/2ND/n/wzWjZ/NQz/276ydfv1NyeQ\n"   \
	"lJMhak6zB3LsCxInQy4ZqR7WIADwP8oBuc6OiaEREYu4LTNnvmLUK5JR183pP2Pj\n"   \
	"sw9+gaTWS8h0WE9CF8k=\n"                                               \
	"-----END CERTIFICATE-----\n"

#define FIXED_DEVICE_PEM                                                       \
	"-----BEGIN PRIVATE KEY-----\n"                                        \
	"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKMUxNc0Pr/qsRtO\n"   \
	"IWYYNCwwVbRKIWTFENOBMU1+mh2gOqbzoZtM/LCciLpG4kTmS3F8nhf0Xc6iLMRj\n"   \
	"a9AKLNCowMvXGr9Z3cCPUVNhcdonMm8avQ+WhWruVwKplygGyt/Udwm1Da6yjPub\n"   \
	"4wnWfBnmsClntNxZrlEfxueQHzt9AgMBAAECgYB4/2LgzUm1eTs4qCqNpm2nT6F3\n"   \
	"J/1I2BIY62UaO1G7o3OBBYilQmTF4Q5tL0SYnEnjhPODkHK9aoROnfmTHMmMRDCl\n"   \
	"Vi2HgSjEiNuc2fmA3AxSc86Su/YdJIXQUL+fZCJ19SVewhw4snLz4EolpIiICzKM\n"   \
	"zlpPeWEq9nKQb5ILvQJBANEYlxp1OvcZU5wyBY1kNT3PFX6EGBV3iVtKQ1oJWl+N\n"   \
	"gANpQ2pksO5TBJFdBvSUI6FffA7vw0v92/Yy0MXbECMCQQDHqcGfle4GeWdwfzwx\n"   \
	"iGt1oAd+qR/3ZuyBihOHTDl3fSwjvEgSPNEbaxbGo6b/di/hIj3i9uy3Edlbxn/6\n"   \
	"z2/fAkEAqkLgv62Xzx+zYmuk88YWSHc4pGWBivFkSo7FGyqkiUwaYiyztY26OMYm\n"   \
	"4QskH8IE5WFwDmWT3GwhUW99aq7/iwJANe4udJKk1m7Yd9SGR8LXc9Aj9hxsnADb\n"   \
	"BSpsl/EI3LOcxpJGzVZMDSHh5wmxQ/OCf0cmfDXCPri9g0Kcsvxw9QJABbzMaqaN\n"   \
	"ju30ep49lT4xnF5XpF8orvI6JsC3xunwjDGmMTXkFpmK0b5Q8TWwAKQxiTbkTapo\n"   \
	"ZIymn5P7tAN3hw==\n"                                                   \
	"-----END PRIVATE KEY-----\n"                                          \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIIBwjCCASugAwIBAgIBATANBgkqhkiG9w0BAQsFADAdMRswGQYDVQQDDBJkZXZp\n"   \
	"Y2UuZXhhbXBsZS5jb20wHhcNMjYxMTIyMTgwMzE3WhcNMjYxMTI0MTgwMzE3WjAd\n"   \
	"MRswGQYDVQQDDBJkZXZpY2UuZXhhbXBsZS5jb20wgZ8wDQYJKoZIhvcNAQEBBQAD\n"   \
	"gY0AMIGJAoGBAKMUxNc0Pr/qsRtOIWYYNCwwVbRKIWTFENOBMU1+mh2gOqbzoZtM\n"   \
	"/LCciLpG4kTmS3F8nhf0Xc6iLMRja9AKLNCowMvXGr9Z3cCPUVNhcdonMm8avQ+W\n"   \
	"hWruVwKplygGyt/Udwm1Da6yjPub4wnWfBnmsClntNxZrlEfxueQHzt9AgMBAAGj\n"   \
	"EjAQMA4GA1UdDwEB/wQEAwIFoDANBgkqhkiG9w0BAQsFAAOBgQBS92cUuPZhxutU\n"   \
	"KAICtuf0Mx6hu3vK+888PXmv5oaCDE8EnjazW2Dc/dqug1xcRAe6Wl8s2CuPJQ7G\n"   \
	"3NZP+ohi2ceW4sfdH3/FWOBdggARqPevYcTNE3rArZsmQTZ8Ruzb9NYa03XVrdSz\n"   \
	"exPc+Y2giBosyEjl2zarOzBJvNTifQ==\n"                                   \
	"-----END CERTIFICATE-----\n"

#define FIXED_DEVICE_OLD_PEM                                                   \
	"-----BEGIN PRIVATE KEY-----\n"                                        \
	"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAL2suDjUI5HyilLg\n"   \
	"KAeqmx3pIUhHaEwmfMO0F1UbJaDsgq3YotHcdKASrtRchflbDjfgaNa8l8NcbcQ8\n"   \
	"ARC5LvtYYLcfCtw4qZ3T5V17uxn2qPCX6+kpBhHN9Rc5t3iklgEwv+6BD///q3Mg\n"   \
	"0IIDdnnL/cJj8tMLEez4MhGCVTRXAgMBAAECgYAvMfHo2gg7wYDfnDz5o17Tc3W/\n"   \
	"mVz/TbhPrdj8aTPUteTSQwxIcbVnOx7bYmZHpHuGNcWAYQ7WIoKBiHivY5SnshXE\n"   \
	"BpJnJr7hWt25fxvxbDJ4eD2gdC1PpoutId/ehRzlqstf+VAcHqAsl8VyL5sDGZDm\n"   \
	"4ifbyrTdpzbSd5p3cQJBAOWvchb/M0PRgErS5jiOF2mmkZ+C2/Upx3RWhdQ01QiB\n"   \
	"3s1kJIL58cKHqDngs4uM+d99A6Q22UDrZPtYs3Qg8K8CQQDTZ8gsecaL2asASZQe\n"   \
	"jzKONDxL2Q0snIJNgrElgaDQyeHvC66KTmxTZWT0f/gVxqMolQVYcLt46inrWmqX\n"   \
	"ldDZAkBdLpx+r/JAZVJDCOTVtO/SsP0LVa+e+uAsVp3cxcJXvTiC40ncyUJHxXl+\n"   \
	"Yab1yq/k93buvEHPkLBbOFU1m9eJAkAW24vLM0eCa4CPwWTggP8oXQF/+fHwtuNn\n"   \
	"2g+pTIDE0m85V3wBvET+J2JpBUUfpaCSjLpNO7MpebgamGYaCbrRAkEArOk7/vJ7\n"   \
	"R5Dj24UsLxuPoaAZepNIHsjpoODtkxaDIlhX3bOR/9Gr9FfC72d4cKDSGHtvlPnT\n"   \
	"t3RB1S2LbkC4Rg==\n"                                                   \
	"-----END PRIVATE KEY-----\n"                                          \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIICTDCCAbWgAwIBAgIQQMXOfeFFVFIqewx+oQaKqTANBgkqhkiG9w0BAQsFADAr\n"   \
	"MQ0wCwYDVQQKDARUZXN0MRowGAYDVQQDDBFzY2VwYWdlbnQgdGVzdCBDQTAeFw0y\n"   \
	"NjExMjMxODAyMTdaFw0yNzExMjMxODAzMTdaMB0xGzAZBgNVBAMMEmRldmljZS5l\n"   \
	"eGFtcGxlLmNvbTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAvay4ONQjkfKK\n"   \
	"UuAoB6qbHekhSEdoTCZ8w7QXVRsloOyCrdii0dx0oBKu1FyF+VsON+Bo1ryXw1xt\n"   \
	"xDwBELku+1hgtx8K3DipndPlXXu7Gfao8Jfr6SkGEc31Fzm3eKSWATC/7oEP//+r\n"   \
	"cyDQggN2ecv9wmPy0wsR7PgyEYJVNFcCAwEAAaN/MH0wHQYDVR0OBBYEFGIF/kU9\n"   \
	"z5XjIwf0nR8uWQZtysFzMAwGA1UdEwEB/wQCMAAwHwYDVR0jBBgwFoAUI/BFJhe1\n"   \
	"Ch+KAq4vSTx8SfNnKpAwHQYDVR0RBBYwFIISZGV2aWNlLmV4YW1wbGUuY29tMA4G\n"   \
	"A1UdDwEB/wQEAwIFoDANBgkqhkiG9w0BAQsFAAOBgQBbrkVH5w9Y4XLUi/6YrcHJ\n"   \
	"PWyRCYkkjGeAJPKvanGcSyBL2gt1lGgAJHh7SgKx1NSsahJDdJOA9R8FORM0pnnJ\n"   \
	"D8Xg8JuOWnsNjpv9tqRHZ1xaGR5Q0Wh9Gj8k0xaR//8H1dq4BZc79/1cHGHjB18k\n"   \
	"fosjzcfWU4OC9Esm+tyvnw==\n"                                           \
	"-----END CERTIFICATE-----\n"

#define FIXED_DEVICE_EC_PEM                                                    \
	"-----BEGIN PRIVATE KEY-----\n"                                        \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaRJPOCI7Nc1Ne/sW\n"   \
	"fhdFKARF/EtfVWIK7fp/awwP+n6hRANCAATvv7bemdnWYlsObcH+DgWc4VcG/Nzn\n"   \
	"OOT8NS6iarftQ0nC52YER7ghVPz1V2rcmKd9g6XiS2yiYqiA6dZ8jnWu\n"           \
	"-----END PRIVATE KEY-----\n"                                          \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIIBOTCB4aADAgECAgEBMAoGCCqGSM49BAMCMB0xGzAZBgNVBAMMEmRldmljZS5l\n"   \
	"eGFtcGxlLmNvbTAeFw0yNjExMjkyMTUyMDdaFw0yNjEyMDEyMTUyMDdaMB0xGzAZ\n"   \
	"BgNVBAMMEmRldmljZS5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"   \
	"A0IABO+/tt6Z2dZiWw5twf4OBZzhVwb83Oc45Pw1LqJqt+1DScLnZgRHuCFU/PVX\n"   \
	"atyYp32DpeJLbKJiqIDp1nyOda6jEjAQMA4GA1UdDwEB/wQEAwIFoDAKBggqhkjO\n"   \
	"PQQDAgNHADBEAiAYdorD/3b4aGRg0HzCfY9CCbTJ0somxJdgonQ3HZuKrwIgQMvD\n"   \
	"E7nFcdz7opRulp+CQgh+MqBw/3m8WPMeh7F8MOA=\n"                           \
	"-----END CERTIFICATE-----\n"

#endif
