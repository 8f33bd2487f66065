//! The layers that run on the project's kernels, and their order.

use crate::kernels::{Activation, Convolution, Depthwise, Maps, Spare, Window, add, multiply};

/// One layer.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    Convolution(Convolution),
    Depthwise(Depthwise),
    /// A convolution of single places whose outputs are the windows, `[rows, columns, channels]`, of larger maps.
    Spread(Convolution, [usize; 2]),
    Activate(Activation),
    /// Of maps of one size.
    Add,
    /// Of maps of one size, or with one factor for each channel of a map.
    Multiply,
    /// Over each map.
    Mean,
    Largest(Window),
    Average(Window),
    /// Each place repeated so many times.
    Repeat([usize; 2]),
    /// Channels after channels.
    Join,
}

/// A layer with the numbers of the values that it takes and makes.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) layer: Layer,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

/// Runs `steps` on `input`, which is value 0, and gives the values that are wanted; none if one of them does not
/// come about.
pub(super) fn run(steps: &[Step], input: Maps, wanted: &[usize]) -> Option<Vec<Maps>> {
    let count = 1 + steps.iter().map(|step| step.output).max().unwrap_or(0);
    // The step after which a value is of no more use.
    let mut last = vec![0; count];
    for (index, step) in steps.iter().enumerate() {
        for input in &step.inputs {
            *last.get_mut(*input)? = index;
        }
    }
    for value in wanted {
        *last.get_mut(*value)? = steps.len();
    }
    let mut values: Vec<Option<Maps>> = vec![None; count];
    let mut spare = Spare::default();
    *values.first_mut()? = Some(input);
    for (index, step) in steps.iter().enumerate() {
        let first = *step.inputs.first()?;
        let result = match &step.layer {
            // These change a value that nobody else needs in its place.
            Layer::Activate(activation) => {
                let mut value = take(&mut values, first, last.get(first) == Some(&index))?;
                activation.apply(&mut value.data);
                value
            }
            Layer::Add | Layer::Multiply => {
                let second = *step.inputs.get(1)?;
                // The larger one stays; of two alike the one that is of no more use.
                let size =
                    |value: usize| values.get(value).and_then(Option::as_ref).map(|maps| maps.data.len());
                let dies = |value: usize| last.get(value) == Some(&index);
                let swap = size(second)? > size(first)? || (size(second) == size(first) && !dies(first));
                let (first, second) = if swap { (second, first) } else { (first, second) };
                let mut value = take(&mut values, first, dies(first) && first != second)?;
                let other = values.get(second)?.as_ref()?;
                combine(&step.layer, &mut value, other)?;
                value
            }
            layer => {
                let inputs: Option<Vec<&Maps>> =
                    step.inputs.iter().map(|input| values.get(*input)?.as_ref()).collect();
                apply(layer, &inputs?, &mut spare)?
            }
        };
        *values.get_mut(step.output)? = Some(result);
        for input in &step.inputs {
            if last.get(*input) == Some(&index)
                && let Some(maps) = values.get_mut(*input)?.take()
            {
                spare.keep(maps);
            }
        }
    }
    wanted.iter().map(|value| values.get_mut(*value)?.take()).collect()
}

fn take(values: &mut [Option<Maps>], value: usize, dies: bool) -> Option<Maps> {
    let place = values.get_mut(value)?;
    if dies { place.take() } else { place.clone() }
}

/// Adds `other` to `value`, or multiplies it with that; none if they do not fit together.
fn combine(layer: &Layer, value: &mut Maps, other: &Maps) -> Option<()> {
    (value.channels == other.channels && value.count == other.count).then_some(())?;
    let alike = value.data.len() == other.data.len();
    match layer {
        Layer::Add if alike => add(&mut value.data, &other.data),
        Layer::Multiply if alike => multiply(&mut value.data, &other.data),
        Layer::Multiply if other.data.len() == other.count * other.channels => scale(value, &other.data),
        _ => return None,
    }
    Some(())
}

fn apply(layer: &Layer, inputs: &[&Maps], spare: &mut Spare) -> Option<Maps> {
    let first = *inputs.first()?;
    Some(match layer {
        Layer::Convolution(convolution) => convolution.apply(first, spare),
        Layer::Depthwise(depthwise) => depthwise.apply(first, spare),
        Layer::Spread(convolution, size) => {
            let parts = convolution.apply(first, spare);
            let maps = spread(&parts, *size, spare);
            spare.keep(parts);
            maps
        }
        Layer::Mean => mean(first),
        Layer::Largest(window) => pool(first, *window, spare, f32::MIN, f32::max, |value, _| value),
        #[allow(clippy::cast_precision_loss, reason = "places of a window")]
        Layer::Average(window) => {
            pool(first, *window, spare, 0.0, |sum, value| sum + value, |sum, count| sum / count.max(1) as f32)
        }
        Layer::Repeat(times) => repeat(first, *times, spare),
        Layer::Join => join(inputs, spare)?,
        Layer::Activate(_) | Layer::Add | Layer::Multiply => return None,
    })
}

/// `value *= factors`, `[count, channels]`.
fn scale(value: &mut Maps, factors: &[f32]) {
    let area = (value.height * value.width * value.channels).max(1);
    for (map, factors) in value.data.chunks_exact_mut(area).zip(factors.chunks_exact(value.channels.max(1))) {
        for place in map.chunks_exact_mut(factors.len()) {
            multiply(place, factors);
        }
    }
}

fn mean(input: &Maps) -> Maps {
    let mut means = Maps::zeros(input.count, 1, 1, input.channels);
    let area = input.height * input.width;
    let channels = input.channels.max(1);
    for (mean, map) in
        means.data.chunks_exact_mut(channels).zip(input.data.chunks_exact((area * channels).max(1)))
    {
        for place in map.chunks_exact(channels) {
            add(mean, place);
        }
        for value in mean {
            #[allow(clippy::cast_precision_loss, reason = "pixels of a map")]
            let area = area as f32;
            *value /= area;
        }
    }
    means
}

/// Windows of 2 x 2 and the like; what is outside the map does not count.
fn pool(
    input: &Maps,
    window: Window,
    spare: &mut Spare,
    start: f32,
    step: impl Fn(f32, f32) -> f32,
    end: impl Fn(f32, usize) -> f32,
) -> Maps {
    let (height, top) = window.outputs(0, input.height);
    let (width, left) = window.outputs(1, input.width);
    let mut maps = spare.maps([input.count, height, width, input.channels]);
    for ([map, y, x], out) in maps.places_mut() {
        out.fill(start);
        let mut count = 0;
        for row in 0..window.size[0] {
            for column in 0..window.size[1] {
                let y = (y * window.stride[0] + row).wrapping_sub(top);
                let x = (x * window.stride[1] + column).wrapping_sub(left);
                let Some(values) = input.at(map, y, x) else { continue };
                count += 1;
                for (out, value) in out.iter_mut().zip(values) {
                    *out = step(*out, *value);
                }
            }
        }
        for out in out {
            *out = end(*out, count);
        }
    }
    maps
}

fn repeat(input: &Maps, [rows, columns]: [usize; 2], spare: &mut Spare) -> Maps {
    let mut maps = spare.maps([input.count, input.height * rows, input.width * columns, input.channels]);
    for ([map, y, x], out) in maps.places_mut() {
        if let Some(values) = input.at(map, y / rows, x / columns) {
            out.copy_from_slice(values);
        }
    }
    maps
}

fn spread(input: &Maps, [rows, columns]: [usize; 2], spare: &mut Spare) -> Maps {
    let channels = input.channels / (rows * columns).max(1);
    let mut maps = spare.maps([input.count, input.height * rows, input.width * columns, channels]);
    for ([map, y, x], out) in maps.places_mut() {
        let part = (y % rows) * columns + x % columns;
        let values = input.at(map, y / rows, x / columns);
        if let Some(values) = values.and_then(|values| values.get(part * channels..(part + 1) * channels)) {
            out.copy_from_slice(values);
        }
    }
    maps
}

fn join(inputs: &[&Maps], spare: &mut Spare) -> Option<Maps> {
    let first = inputs.first()?;
    let channels = inputs.iter().map(|maps| maps.channels).sum();
    let mut maps = spare.maps([first.count, first.height, first.width, channels]);
    let mut start = 0;
    for input in inputs {
        if (input.count, input.height, input.width) != (first.count, first.height, first.width) {
            return None;
        }
        let places = maps.data.chunks_exact_mut(channels.max(1));
        for (out, values) in places.zip(input.data.chunks_exact(input.channels.max(1))) {
            out.get_mut(start..start + values.len())?.copy_from_slice(values);
        }
        start += input.channels;
    }
    Some(maps)
}
