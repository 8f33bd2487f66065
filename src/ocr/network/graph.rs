//! A network in an ONNX file, parted into what the project's kernels run and what is left for `rten`.

use super::attributes::{attribute, int, ints, number, window};
use super::choice::Choice;
use super::draft::{Draft, DraftStep};
use super::layers::{Layer, Step, run};
use super::rten::RtenNetwork;
use super::{Network, Output};
use crate::kernels::{Activation, ByteMatrix, Maps, Padding, Window};
use crate::ocr::OcrError;
use rten_onnx::onnx::{
    DataType, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};
use std::collections::{HashMap, HashSet};

/// A network in an ONNX file, run on the project's kernels as far as they go.
pub struct QuickNetwork {
    front: Vec<Step>,
    /// What comes of the front: names and numbers of values.
    made: Vec<(String, usize)>,
    /// What is left, if anything.
    rest: Option<RtenNetwork>,
    /// What follows it.
    choice: Option<Choice>,
    metadata: HashMap<String, String>,
}

impl QuickNetwork {
    /// Loads the bytes of an ONNX file.
    ///
    /// # Errors
    /// It is damaged, or has operators that are not known.
    pub fn load(bytes: &[u8]) -> Result<Self, OcrError> {
        let failed = |error: &dyn std::fmt::Display| OcrError::Model(error.to_string());
        let mut model = ModelProto::parse_buf(bytes).map_err(|error| failed(&error))?;
        let properties = model.metadata_props.iter();
        let metadata =
            properties.filter_map(|entry| Some((entry.key.clone()?, entry.value.clone()?))).collect();
        let graph = model.graph.take().ok_or_else(|| failed(&"it is no network"))?;
        let parts = Parts::of(graph);
        let Parts { front, made, rest, choice } =
            parts.ok_or_else(|| failed(&"it is not put together right"))?;
        let rest = match rest {
            Some(graph) => {
                model.graph = Some(graph);
                Some(RtenNetwork::load(model.write_buf().map_err(|error| failed(&error))?)?)
            }
            None => None,
        };
        Ok(Self { front, made, rest, choice, metadata })
    }

    /// An entry of the file's metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }
}

impl Network for QuickNetwork {
    fn run(&self, input: &[f32], shape: [usize; 4]) -> Result<Output, OcrError> {
        let wanted: Vec<usize> = self.made.iter().map(|(_, value)| *value).collect();
        let made = run(&self.front, Maps::of_planes(input, shape), &wanted);
        let made =
            made.ok_or_else(|| OcrError::Run(format!("its layers do not fit a picture of {shape:?}")))?;
        let outputs = made.iter().map(|maps| Output {
            data: maps.planes(),
            shape: vec![maps.count, maps.channels, maps.height, maps.width],
        });
        let names = self.made.iter().map(|(name, _)| name.as_str());
        let mut inputs: Vec<(&str, Output)> = names.zip(outputs).collect();
        let mut output = match &self.rest {
            Some(rest) => rest.run_on(&inputs)?,
            None => inputs.pop().ok_or_else(|| OcrError::Run("it gives nothing".to_owned()))?.1,
        };
        if let Some(choice) = &self.choice {
            let width = output.shape.pop();
            if width != Some(choice.weights.inputs()) {
                return Err(OcrError::Run(format!("{width:?} features come before the choice")));
            }
            output.shape.push(choice.weights.outputs());
            output.data = choice.apply(&output.data);
        }
        Ok(output)
    }
}

/// The parts of a network.
struct Parts {
    front: Vec<Step>,
    made: Vec<(String, usize)>,
    rest: Option<GraphProto>,
    choice: Option<Choice>,
}

/// What is known while the nodes are read.
struct Reading {
    constants: HashMap<String, TensorProto>,
    nodes: Vec<NodeProto>,
    /// The nodes that take a value.
    takers: HashMap<String, Vec<usize>>,
    /// Nodes that became part of an earlier layer.
    done: HashSet<usize>,
    steps: Vec<DraftStep>,
    /// Numbers of the values that the front makes.
    values: HashMap<String, usize>,
    outputs: Vec<String>,
}

impl Parts {
    fn of(graph: GraphProto) -> Option<Self> {
        let input = graph.input.iter().find_map(|input| {
            let name = input.name.clone()?;
            let constant = graph.initializer.iter().any(|tensor| tensor.name.as_ref() == Some(&name));
            (!constant).then_some(name)
        })?;
        let mut reading = Reading::of(graph, &input);
        let mut left = Vec::new();
        for index in 0..reading.nodes.len() {
            if !reading.done.contains(&index) && reading.read(index).is_none() {
                left.push(index);
            }
        }
        let output = reading.outputs.first().cloned()?;
        let (choice, end) = match reading.choice(&left, &output) {
            Some((choice, nodes, end)) => {
                left.retain(|index| !nodes.contains(index));
                (Some(choice), end)
            }
            None => (None, output),
        };
        let mut made: Vec<(String, usize)> = Vec::new();
        let rest = if left.is_empty() {
            made.push((end.clone(), *reading.values.get(&end)?));
            None
        } else {
            let names =
                left.iter().filter_map(|index| reading.nodes.get(*index)).flat_map(|node| &node.input);
            for name in names {
                if let Some(value) = reading.values.get(name)
                    && !made.iter().any(|(known, _)| known == name)
                {
                    made.push((name.clone(), *value));
                }
            }
            Some(reading.rest(&left, made.iter().map(|(name, _)| name.as_str()), &end))
        };
        let front: Option<Vec<Step>> = reading.steps.into_iter().map(DraftStep::finish).collect();
        Some(Self { front: front?, made, rest, choice })
    }
}

impl Reading {
    fn of(graph: GraphProto, input: &str) -> Self {
        let mut constants: HashMap<String, TensorProto> =
            graph.initializer.into_iter().filter_map(|tensor| Some((tensor.name.clone()?, tensor))).collect();
        let outputs: Vec<String> = graph.output.into_iter().filter_map(|output| output.name).collect();
        // Other names of values.
        let mut same: HashMap<String, String> = HashMap::new();
        let mut nodes = Vec::new();
        for mut node in graph.node {
            for name in &mut node.input {
                if let Some(first) = same.get(name) {
                    name.clone_from(first);
                }
            }
            let kind = node.op_type.as_deref();
            if kind == Some("Constant") {
                let value = node.attribute.iter_mut().find_map(|attribute| attribute.t.take());
                if let (Some(value), Some(name)) = (value, node.output.first()) {
                    constants.insert(name.clone(), value);
                    continue;
                }
            }
            if kind == Some("Identity")
                && let (Some(from), Some(to)) = (node.input.first(), node.output.first())
                && !outputs.contains(to)
            {
                same.insert(to.clone(), from.clone());
                continue;
            }
            nodes.push(node);
        }
        let mut takers: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for name in &node.input {
                takers.entry(name.clone()).or_default().push(index);
            }
        }
        let values = HashMap::from([(input.to_owned(), 0)]);
        Self { constants, nodes, takers, done: HashSet::new(), steps: Vec::new(), values, outputs }
    }

    /// The only taker of a value that is no output.
    fn taker(&self, name: &str) -> Option<(usize, &NodeProto)> {
        match self.takers.get(name).map(Vec::as_slice) {
            Some([taker]) if !self.outputs.iter().any(|output| output == name) => {
                Some((*taker, self.nodes.get(*taker)?))
            }
            _ => None,
        }
    }

    fn constant(&self, name: &str) -> Option<(Vec<f32>, Vec<usize>)> {
        let tensor = self.constants.get(name)?;
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|side| usize::try_from(*side).ok()).collect();
        let shape = shape?;
        if tensor.data_type != Some(DataType::FLOAT) {
            return None;
        }
        let values = match &tensor.raw_data {
            Some(bytes) => {
                bytes.borrow().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            None => tensor.float_data.clone(),
        };
        let count = shape.iter().try_fold(1usize, |count, side| count.checked_mul(*side))?;
        (values.len() == count).then_some((values, shape))
    }

    /// A constant of one number.
    fn number(&self, name: &str) -> Option<f32> {
        match self.constant(name)?.0[..] {
            [number] => Some(number),
            _ => None,
        }
    }

    /// Numbers of the values that a node takes, if the front makes all of them.
    fn inputs(&self, node: &NodeProto) -> Option<Vec<usize>> {
        node.input.iter().map(|name| self.values.get(name).copied()).collect()
    }

    /// Adds a layer that makes the value `name`.
    fn push(&mut self, draft: Draft, window: Window, inputs: Vec<usize>, name: &str) {
        let output = self.steps.len() + 1;
        let bias = Vec::new();
        self.steps.push(DraftStep { draft, window, bias, activation: None, inputs, output });
        self.values.insert(name.to_owned(), output);
    }

    /// Takes node `index` into the front; none if it cannot be.
    fn read(&mut self, index: usize) -> Option<()> {
        let node = self.nodes.get(index)?.clone();
        let (kind, name) = (node.op_type.as_deref()?, node.output.first()?.clone());
        let input = node.input.first()?.clone();
        let value = self.values.get(&input).copied();
        let place = Window::PLACE;
        let layer = |layer: Layer| Draft::Done(layer);
        match kind {
            "Conv" | "ConvTranspose" => {
                let (draft, window) = self.convolution(&node, kind == "ConvTranspose")?;
                let bias = match node.input.get(2) {
                    Some(bias) => self.constant(bias)?.0,
                    None => Vec::new(),
                };
                self.push(draft, window, vec![value?], &name);
                if let Some(step) = self.steps.last_mut() {
                    step.bias = vec![0.0; step.draft.outputs()];
                    step.add_bias(&bias);
                }
            }
            "Add" => {
                let second = node.input.get(1)?.clone();
                let other = self.values.get(&second).copied();
                match (value, other) {
                    (Some(first), Some(second)) => {
                        self.push(layer(Layer::Add), place, vec![first, second], &name);
                    }
                    (Some(value), None) | (None, Some(value)) => {
                        let (dynamic, constant) =
                            if other.is_none() { (&input, &second) } else { (&second, &input) };
                        let (bias, _) = self.constant(constant)?;
                        self.taker(dynamic)?;
                        let step = self.step(value)?;
                        (bias.len() == step.draft.outputs() && step.activation.is_none()).then_some(())?;
                        step.add_bias(&bias);
                        self.values.insert(name, value);
                    }
                    (None, None) => return None,
                }
            }
            "BatchNormalization" => {
                let parts: Option<Vec<Vec<f32>>> =
                    node.input.get(1..5)?.iter().map(|name| Some(self.constant(name)?.0)).collect();
                let epsilon = number(&node, "epsilon").unwrap_or(1e-5);
                self.taker(&input)?;
                let step = self.step(value?)?;
                step.normalise(&parts?, epsilon)?;
                self.values.insert(name, value?);
            }
            "Mul" => {
                let values = self.inputs(&node).filter(|values| values.len() == 2);
                self.push(layer(Layer::Multiply), place, values?, &name);
            }
            "Relu" => self.activate(&input, value?, Activation::Relu, &name),
            "HardSigmoid" => {
                let slope = number(&node, "alpha").unwrap_or(0.2);
                let middle = number(&node, "beta").unwrap_or(0.5);
                self.activate(&input, value?, Activation::HardSigmoid { slope, middle }, &name);
            }
            "Sigmoid" => {
                let value = value?;
                // x * sigmoid(x)
                let product = self.taker(&name).filter(|(_, taker)| {
                    let other = taker.input.iter().find(|other| **other != name);
                    taker.op_type.as_deref() == Some("Mul") && other == Some(&input)
                });
                match product.and_then(|(at, taker)| Some((at, taker.output.first()?.clone()))) {
                    Some((at, product)) => {
                        self.done.insert(at);
                        self.activate(&input, value, Activation::Silu, &product);
                    }
                    None => self.activate(&input, value, Activation::Sigmoid, &name),
                }
            }
            "Div" => {
                let (nodes, product) = self.gelu(&node)?;
                let value = value?;
                self.done.extend(nodes);
                self.activate(&input, value, Activation::GeluCoarse, &product);
            }
            "GlobalAveragePool" => self.push(layer(Layer::Mean), place, vec![value?], &name),
            "ReduceMean" => {
                (ints(&node, "axes") == Some(&[2, 3]) && int(&node, "keepdims") != Some(0)).then_some(())?;
                self.push(layer(Layer::Mean), place, vec![value?], &name);
            }
            "MaxPool" | "AveragePool" => {
                let window = window(&node)?;
                (node.output.len() == 1 && int(&node, "ceil_mode").unwrap_or(0) == 0).then_some(())?;
                let pool = if kind == "MaxPool" { Layer::Largest(window) } else { Layer::Average(window) };
                self.push(layer(pool), window, vec![value?], &name);
            }
            "Resize" => {
                let text = |key: &str| attribute(&node, key).and_then(|attribute| attribute.s.as_deref());
                (text("mode") == Some("nearest")
                    && text("coordinate_transformation_mode") == Some("asymmetric")
                    && text("nearest_mode") == Some("floor")
                    && node.input.len() == 3)
                    .then_some(())?;
                let (scales, _) = self.constant(node.input.get(2)?)?;
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "looked at before"
                )]
                let whole = |scale: f32| {
                    (scale.fract() == 0.0 && (1.0..=16.0).contains(&scale)).then_some(scale as usize)
                };
                let [1.0, 1.0, rows, columns] = scales[..] else { return None };
                let times = [whole(rows)?, whole(columns)?];
                self.push(layer(Layer::Repeat(times)), place, vec![value?], &name);
            }
            "Concat" => {
                (int(&node, "axis") == Some(1)).then_some(())?;
                let values = self.inputs(&node)?;
                self.push(layer(Layer::Join), place, values, &name);
            }
            _ => return None,
        }
        Some(())
    }

    /// The step that makes `value`.
    fn step(&mut self, value: usize) -> Option<&mut DraftStep> {
        self.steps.iter_mut().find(|step| step.output == value)
    }

    /// Applies a function to `value`, known as `input`, for the value `name`: within the layer before it where nobody
    /// else takes what that makes.
    fn activate(&mut self, input: &str, value: usize, activation: Activation, name: &str) {
        let takers = self.takers.get(input).map(Vec::as_slice).unwrap_or_default();
        let output = self.outputs.iter().any(|output| output == input);
        // The last node of a function that takes its input twice is counted among those done.
        let own = takers.iter().filter(|taker| self.done.contains(taker)).count() + 1;
        let alone = !output && takers.len() <= own;
        if alone
            && let Some(step) = self.step(value)
            && step.activation.is_none()
            && !matches!(step.draft, Draft::Done(_))
        {
            step.activation = Some(activation);
            self.values.insert(name.to_owned(), value);
        } else {
            self.push(Draft::Done(Layer::Activate(activation)), Window::PLACE, vec![value], name);
        }
    }

    /// The nodes behind a division that are `x (1 + erf(x / sqrt 2)) / 2`, and the name of what they make.
    fn gelu(&self, division: &NodeProto) -> Option<(Vec<usize>, String)> {
        let near =
            |name: &String, number: f32| self.number(name).is_some_and(|found| (found - number).abs() < 1e-4);
        let next = |node: &NodeProto, kind: &str| {
            let (index, taker) = self.taker(node.output.first()?)?;
            (taker.op_type.as_deref() == Some(kind)).then(|| (index, taker.clone()))
        };
        near(division.input.get(1)?, std::f32::consts::SQRT_2).then_some(())?;
        let (erf, node) = next(division, "Erf")?;
        let (sum, node) = next(&node, "Add")?;
        node.input.iter().any(|name| near(name, 1.0)).then_some(())?;
        let (product, node) = next(&node, "Mul")?;
        node.input.contains(division.input.first()?).then_some(())?;
        let (half, node) = next(&node, "Mul")?;
        node.input.iter().any(|name| near(name, 0.5)).then_some(())?;
        Some((vec![erf, sum, product, half], node.output.first()?.clone()))
    }

    fn convolution(&self, node: &NodeProto, inverse: bool) -> Option<(Draft, Window)> {
        let (weights, shape) = self.constant(node.input.get(1)?)?;
        let [first, second, rows, columns] = shape[..] else { return None };
        let window = window(node)?;
        let groups = int(node, "group").unwrap_or(1);
        ([rows, columns] == window.size && weights.len() == first * second * rows * columns).then_some(())?;
        let at = |a: usize, b: usize, row: usize, column: usize| {
            weights.get(((a * second + b) * rows + row) * columns + column).copied().unwrap_or_default()
        };
        let places = || (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        if inverse {
            let unpadded = window.padding == Padding::Given([[0, 0], [0, 0]]);
            (window.stride == window.size && unpadded && groups == 1).then_some(())?;
            let weights = places()
                .flat_map(|(row, column)| (0..second).map(move |output| (row, column, output)))
                .flat_map(|(row, column, output)| (0..first).map(move |input| at(input, output, row, column)))
                .collect();
            let draft = Draft::Convolution { weights, inputs: first, spread: Some(window.size) };
            return Some((draft, Window::PLACE));
        }
        if groups == 1 {
            let weights = (0..first)
                .flat_map(|output| places().map(move |(row, column)| (output, row, column)))
                .flat_map(|(output, row, column)| {
                    (0..second).map(move |input| at(output, input, row, column))
                })
                .collect();
            let inputs = rows * columns * second;
            return Some((Draft::Convolution { weights, inputs, spread: None }, window));
        }
        (usize::try_from(groups) == Ok(first) && second == 1).then_some(())?;
        let weights = places()
            .flat_map(|(row, column)| (0..first).map(move |channel| at(channel, 0, row, column)))
            .collect();
        Some((Draft::Depthwise { weights, channels: first }, window))
    }

    /// The last nodes if they choose among characters, and what they choose by.
    fn choice(&self, left: &[usize], output: &str) -> Option<(Choice, [usize; 3], String)> {
        let [.., product, sum, softmax] = left else { return None };
        let indices = [*product, *sum, *softmax];
        let [product, sum, softmax] = indices.map(|index| self.nodes.get(index));
        let (product, sum, softmax) = (product?, sum?, softmax?);
        let is = |node: &NodeProto, kind: &str| (node.op_type.as_deref() == Some(kind)).then_some(());
        is(product, "MatMul")?;
        is(sum, "Add")?;
        is(softmax, "Softmax")?;
        (softmax.output.first()? == output && matches!(int(softmax, "axis"), Some(2 | -1))).then_some(())?;
        (sum.input.contains(product.output.first()?) && softmax.input.first() == sum.output.first())
            .then_some(())?;
        let (weights, shape) = self.constant(product.input.get(1)?)?;
        let [inputs, outputs] = shape[..] else { return None };
        let (bias, _) = sum.input.iter().find_map(|name| self.constant(name))?;
        let turned: Vec<f32> =
            (0..outputs).flat_map(|output| weights.iter().skip(output).step_by(outputs).copied()).collect();
        let choice = Choice { weights: ByteMatrix::new(&turned, inputs, &bias)? };
        Some((choice, indices, product.input.first()?.clone()))
    }

    /// A network of the nodes that are left.
    fn rest<'a>(&mut self, left: &[usize], made: impl Iterator<Item = &'a str>, end: &str) -> GraphProto {
        let value = |name: &str| ValueInfoProto {
            name: Some(name.to_owned()),
            r#type: Some(TypeProto {
                tensor_type: Some(TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: None }),
                sequence: None,
            }),
        };
        let node: Vec<NodeProto> = left.iter().filter_map(|index| self.nodes.get(*index)).cloned().collect();
        let mut names: Vec<&String> = node.iter().flat_map(|node| &node.input).collect();
        names.sort_unstable();
        names.dedup();
        let initializer = names
            .into_iter()
            .filter_map(|name| {
                let mut tensor = self.constants.remove(name)?;
                tensor.name = Some(name.clone());
                Some(tensor)
            })
            .collect();
        GraphProto {
            initializer,
            input: made.map(value).collect(),
            output: vec![value(end)],
            value_info: Vec::new(),
            node,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn file(name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("public/models/ocr");
        std::fs::read(folder.join(name)).unwrap()
    }

    #[test]
    fn all_of_the_detector_and_the_front_and_end_of_the_recogniser_are_known() {
        let detector = QuickNetwork::load(&file("ppocrv6_det.onnx")).unwrap();
        assert!(detector.rest.is_none() && detector.choice.is_none());
        let recogniser = QuickNetwork::load(&file("ppocrv6_rec.onnx")).unwrap();
        assert!(recogniser.rest.is_some() && recogniser.choice.is_some());
        assert_eq!(recogniser.made.len(), 2, "what attention takes, and what is added to it");
        let counts = |steps: &[Step]| {
            let count = |is: fn(&Layer) -> bool| steps.iter().filter(|step| is(&step.layer)).count();
            (
                count(|layer| matches!(layer, Layer::Convolution(_))),
                count(|layer| matches!(layer, Layer::Depthwise(_))),
                count(|layer| matches!(layer, Layer::Activate(_))),
            )
        };
        // Every function stands behind a layer, and became part of it.
        assert_eq!((counts(&detector.front), counts(&recogniser.front)), ((66, 17, 0), (43, 14, 0)));
    }

    #[test]
    fn it_says_what_rten_says() {
        // Dark bars on a bright ground: to the detector as good as letters. Of the recogniser, which has its doubts about
        // them, only the shape counts here; `tests/ocr.rs` has it read.
        let (height, width) = (48, 160);
        let bar = |at: usize| at / width % 48 > 12 && at / width % 48 < 34 && at % width % 9 < 3;
        let picture: Vec<f32> =
            (0..3 * height * width).map(|at| if bar(at % (height * width)) { -0.9 } else { 0.8 }).collect();
        for (name, height, width, bound) in
            [("ppocrv6_det.onnx", 96, 64, 0.05), ("ppocrv6_rec.onnx", 48, 160, 0.5)]
        {
            let picture = &picture[..3 * height * width];
            let quick = QuickNetwork::load(&file(name)).unwrap();
            let whole = RtenNetwork::load(file(name)).unwrap();
            let (found, exact) =
                (quick.run(picture, [1, 3, height, width]), whole.run(picture, [1, 3, height, width]));
            let (found, exact) = (found.unwrap(), exact.unwrap());
            assert_eq!(found.shape, exact.shape);
            let furthest = found.data.iter().zip(&exact.data).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(furthest < bound, "{name}: {furthest}");
        }
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = file("ppocrv6_det.onnx");
        for length in [0, 1, 1000, bytes.len() / 2, bytes.len() - 1] {
            // Cut off within the weights it may still be read, and says something.
            if let Ok(network) = QuickNetwork::load(&bytes[..length]) {
                let _ = network.run(&vec![0.0; 3 * 32 * 32], [1, 3, 32, 32]);
            }
        }
        for at in (0..40_000).step_by(997) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            if let Ok(network) = QuickNetwork::load(&damaged) {
                let _ = network.run(&vec![0.0; 3 * 32 * 32], [1, 3, 32, 32]);
            }
        }
        let network = QuickNetwork::load(&bytes).unwrap();
        let picture = vec![0.0; 5 * 32 * 32];
        assert!(network.run(&picture, [1, 5, 32, 32]).is_ok(), "zeros for what does not fit");
    }
}
