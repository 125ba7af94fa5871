//! The tests of [`super::policy`], outside of it, since it is included elsewhere too.

mod go_text;
mod index;
mod load;
mod tables;
mod yaml_lines;
