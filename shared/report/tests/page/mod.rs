//! A page as a browser's parser reads it.

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// All text within.
    pub text: String,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn is(&self, name: &str, class: &str) -> bool {
        self.name == name && self.attribute("class") == Some(class)
    }
}

/// Every element of `page`, in order.
pub fn elements(page: &str) -> Vec<Element> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
    let mut found = Vec::new();
    collect(&dom.document, &mut found);
    found
}

/// Gives the text within `node`.
fn collect(node: &Handle, found: &mut Vec<Element>) -> String {
    let place = found.len();
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attribute =
            |attribute: &html5ever::Attribute| (attribute.name.local.to_string(), attribute.value.to_string());
        let attributes = attrs.borrow().iter().map(attribute).collect();
        found.push(Element { name: name.local.to_string(), attributes, text: String::new() });
    }
    let mut text = match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => String::new(),
    };
    for child in node.children.borrow().iter() {
        text.push_str(&collect(child, found));
    }
    if let (NodeData::Element { .. }, Some(element)) = (&node.data, found.get_mut(place)) {
        element.text.clone_from(&text);
    }
    text
}
