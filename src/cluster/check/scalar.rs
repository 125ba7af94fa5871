//! What a scalar of YAML 1.1 is to the API server.

use super::yaml::Scalar;

/// Resolves a scalar without quotes and without a tag.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::NotFinite("NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::NotFinite("+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::NotFinite("-Inf"),
        _ => {}
    }
    if is_integer(text) || is_float(text) {
        Scalar::Number(text.to_owned())
    } else {
        Scalar::Text(text.to_owned())
    }
}

/// Resolves a scalar with a tag of YAML, such as `!!str`.
pub(super) fn tagged(tag: &str, text: String) -> Scalar {
    match tag {
        "binary" => match data_encoding::BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Scalar::Text(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) => Scalar::Text(text),
        },
        "int" | "float" | "bool" | "null" => resolve(&text),
        _ => Scalar::Text(text),
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.replace('_', "");
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(&digits);
    if !text.starts_with(['-', '+']) && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (radix, digits) = match unsigned.get(..2) {
        Some("0x" | "0X") => (16, &unsigned[2..]),
        Some("0b" | "0B") => (2, &unsigned[2..]),
        Some("0o" | "0O") => (8, &unsigned[2..]),
        Some(two) if two.starts_with('0') => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    !digits.is_empty()
        && digits.chars().all(|c| c.is_digit(radix))
        && u64::from_str_radix(digits, radix).is_ok()
}

/// Whether the text is a number with a fraction or an exponent, or an integer that is too long, and not too large for Go.
fn is_float(text: &str) -> bool {
    let plain = text.replace('_', "");
    let body = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || (mantissa.starts_with('.') && !fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    has_digits
        && digits(whole)
        && digits(fraction)
        && exponent_fits
        && plain
            .trim_start_matches('+')
            .parse::<f64>()
            .is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_those_of_yaml_1_1() {
        for number in [
            "1",
            "-1",
            "+1",
            "0x10",
            "010",
            "0b1",
            "0o10",
            "1_0",
            "0.1",
            "1e3",
            ".5",
            "1.",
            "99999999999999999999999",
        ] {
            assert_eq!(resolve(number), Scalar::Number(number.to_owned()), "{number}");
        }
        for text in [
            "1:30",
            "1e400",
            "2001-01-01",
            "abc",
            "=",
            "NaN",
            "0x",
            ".",
            "-",
            "1.2.3",
            "e3",
        ] {
            assert_eq!(resolve(text), Scalar::Text(text.to_owned()), "{text}");
        }
        assert_eq!(resolve("y"), Scalar::Bool(true));
        assert_eq!(resolve("OFF"), Scalar::Bool(false));
        assert_eq!(resolve("~"), Scalar::Null);
    }
}
