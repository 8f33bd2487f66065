//! What the person chose once; kept by the browser between visits.

use crate::pipeline::event::ReadScans;
use serde::{Deserialize, Serialize};

/// Everything that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Describe figures.
    pub captions: bool,
    /// Summarise.
    pub summary: bool,
    /// Which model describes figures.
    pub caption_model: ModelChoice,
    /// Which model summarises and answers.
    pub text_model: ModelChoice,
    /// Which pages are read from their pixels.
    pub scans: ReadScans,
    /// Which model reads them, by registry id; none for the first.
    pub scan_model: Option<String>,
    /// Markdown begins with YAML front matter.
    pub front_matter: bool,
    /// A printed table of contents is left out.
    pub drop_contents: bool,
    /// Keep documents in the browser, so that they survive a reload.
    pub keep: bool,
    /// Download a missing model without asking again.
    pub always_download: bool,
    /// Bytes of memory to get by with; none for a tab's share of the device.
    pub memory_limit: Option<u64>,
    /// Prefix of the models' addresses that replaces the hub's; empty for the hub.
    pub base_url: String,
    /// Colours.
    pub theme: Theme,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            captions: true,
            summary: true,
            caption_model: ModelChoice::Automatic,
            text_model: ModelChoice::Automatic,
            scans: ReadScans::Auto,
            scan_model: None,
            front_matter: false,
            drop_contents: false,
            keep: true,
            always_download: false,
            memory_limit: None,
            base_url: String::new(),
            theme: Theme::System,
        }
    }
}

impl Settings {
    /// Settings as they were stored; whatever cannot be read is as at first.
    #[must_use]
    pub fn from_json(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The form in which they are stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Which model to use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelChoice {
    /// The best one stored, or else the one suggested for this machine.
    #[default]
    Automatic,
    /// Go without a model.
    Without,
    /// This one, by its registry id.
    Model(String),
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_settings_are_the_first_ones() {
        assert_eq!(Settings::from_json("{"), Settings::default());
        assert_eq!(Settings::from_json(r#"{"theme":"purple"}"#), Settings::default());
    }

    #[test]
    fn fields_that_older_versions_lacked_are_as_at_first() {
        let settings = Settings::from_json(r#"{"captions":false,"unknown":1}"#);
        assert!(!settings.captions);
        assert!(settings.summary);
    }

    #[test]
    fn settings_come_back_as_they_were() {
        let settings = Settings {
            caption_model: ModelChoice::Model("blip-base-q4k".to_owned()),
            text_model: ModelChoice::Without,
            base_url: "https://mirror.example/".to_owned(),
            theme: Theme::Dark,
            ..Settings::default()
        };
        assert_eq!(Settings::from_json(&settings.to_json()), settings);
    }
}
