//! Convolutions of maps whose channels lie next to each other: a window of 1 x 1 is then a row of a matrix product
//! as it is, and any other one a few copies.

use super::bytes::{ByteMatrix, ByteRows};
use super::elementwise::Activation;
use super::simd::{Simd, Task, dispatch};
use super::threads;

/// Activations that are gathered and rounded at a time: what stays in the first caches.
const BLOCK: usize = 1 << 14;
/// Channels that are summed at a time.
const LANES: usize = 8;

/// Maps `[count, height, width, channels]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Maps {
    pub(crate) count: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) data: Vec<f32>,
}

/// Room of maps that are of no more use, for the next ones: asking the system for it anew takes longer than some layers.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    rooms: Vec<Vec<f32>>,
}

/// Rooms that are kept.
const MAX_ROOMS: usize = 3;

impl Spare {
    /// Maps with whatever numbers in them, to be overwritten.
    pub(crate) fn maps(&mut self, [count, height, width, channels]: [usize; 4]) -> Maps {
        let length = count * height * width * channels;
        // The smallest that is large enough.
        let fitting = self.rooms.iter().enumerate().filter(|(_, room)| room.capacity() >= length);
        let best = fitting.min_by_key(|(_, room)| room.capacity()).map(|(index, _)| index);
        let mut data = best.map(|index| self.rooms.swap_remove(index)).unwrap_or_default();
        data.resize(length, 0.0);
        Maps { count, height, width, channels, data }
    }

    /// Takes the room of `maps`.
    pub(crate) fn keep(&mut self, maps: Maps) {
        self.rooms.push(maps.data);
        if self.rooms.len() > MAX_ROOMS {
            let smallest = self.rooms.iter().enumerate().min_by_key(|(_, room)| room.capacity());
            if let Some(index) = smallest.map(|(index, _)| index) {
                self.rooms.swap_remove(index);
            }
        }
    }
}

/// What a window takes of a map: rows, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) size: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Zeros around the map.
    pub(crate) padding: Padding,
}

/// Zeros around a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Before the first and after the last row, and the same of columns.
    Given([[usize; 2]; 2]),
    /// As many as make as many outputs as there are strides, the odd one at the end.
    Same,
}

impl Window {
    /// Each place alone.
    pub(crate) const PLACE: Self = Self { size: [1, 1], stride: [1, 1], padding: Padding::Same };

    /// How many outputs `length` rows (`axis` 0) or columns make, and zeros before the first.
    pub(crate) fn outputs(&self, axis: usize, length: usize) -> (usize, usize) {
        let (size, stride) = (self.size[axis], self.stride[axis].max(1));
        match self.padding {
            Padding::Given(padding) => {
                let [before, after] = padding[axis];
                let room = (length + before + after).checked_sub(size);
                (room.map_or(0, |room| room / stride + 1), before)
            }
            Padding::Same => {
                let count = length.div_ceil(stride);
                let needed = (count.saturating_sub(1) * stride + size).saturating_sub(length);
                (count, needed / 2)
            }
        }
    }

    /// It takes each place alone.
    fn is_a_place(&self) -> bool {
        self.size == [1, 1]
            && self.stride == [1, 1]
            && matches!(self.padding, Padding::Same | Padding::Given([[0, 0], [0, 0]]))
    }
}

impl Maps {
    /// Maps of zeros.
    pub(crate) fn zeros(count: usize, height: usize, width: usize, channels: usize) -> Self {
        Self { count, height, width, channels, data: vec![0.0; count * height * width * channels] }
    }

    /// From `[count, channels, height, width]`; a copy.
    pub(crate) fn of_planes(planes: &[f32], [count, channels, height, width]: [usize; 4]) -> Self {
        let data = turned(planes, channels, height * width);
        Self { count, height, width, channels, data }
    }

    /// As `[count, channels, height, width]`; a copy.
    pub(crate) fn planes(&self) -> Vec<f32> {
        turned(&self.data, self.height * self.width, self.channels)
    }

    /// Each place, as map, row and column, with its channels.
    pub(crate) fn places_mut(&mut self) -> impl Iterator<Item = ([usize; 3], &mut [f32])> {
        let (height, width) = (self.height, self.width);
        let places = self.data.chunks_exact_mut(self.channels.max(1)).enumerate();
        places.map(move |(index, place)| {
            ([index / (height * width), index / width % height, index % width], place)
        })
    }

    /// The channels at a place; none outside the map.
    #[inline(always)]
    pub(crate) fn at(&self, map: usize, y: usize, x: usize) -> Option<&[f32]> {
        if y >= self.height || x >= self.width {
            return None;
        }
        let start = ((map * self.height + y) * self.width + x) * self.channels;
        self.data.get(start..start + self.channels)
    }
}

/// Matrices `[rows, columns]`, one behind the other, as `[columns, rows]`.
fn turned(matrices: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; matrices.len()];
    let size = (rows * columns).max(1);
    for (turned, matrix) in turned.chunks_exact_mut(size).zip(matrices.chunks_exact(size)) {
        for (index, row) in matrix.chunks_exact(columns.max(1)).enumerate() {
            for (place, value) in turned.iter_mut().skip(index).step_by(rows).zip(row) {
                *place = *value;
            }
        }
    }
    turned
}

/// A convolution over all channels, with the function behind it.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    /// Inputs: row of the window, column of it, channel.
    pub(crate) weights: ByteMatrix,
    pub(crate) window: Window,
    pub(crate) activation: Option<Activation>,
}

impl Convolution {
    /// Its maps of `input`, which must have as many channels as it takes.
    pub(crate) fn apply(&self, input: &Maps, spare: &mut Spare) -> Maps {
        let (height, top) = self.window.outputs(0, input.height);
        let (width, left) = self.window.outputs(1, input.width);
        let outputs = self.weights.outputs();
        let inputs = self.weights.inputs();
        let mut maps = spare.maps([input.count, height, width, outputs]);
        if inputs != input.channels * self.window.size[0] * self.window.size[1] {
            maps.data.fill(0.0);
            return maps;
        }
        let rows = input.count * height * width;
        let parts = threads::parts(rows * inputs * outputs);
        let block = (BLOCK / inputs).next_multiple_of(8);
        let length = rows.div_ceil(parts).next_multiple_of(block);
        let tasks = maps.data.chunks_mut(length * outputs).enumerate();
        threads::for_each(tasks, |(part, out)| {
            let (mut values, mut bytes) = (Vec::new(), ByteRows::default());
            for (index, out) in out.chunks_mut(block * outputs).enumerate() {
                let first = part * length + index * block;
                let count = out.len() / outputs;
                if self.window.is_a_place() {
                    let values = input.data.get(first * inputs..(first + count) * inputs);
                    bytes.fill(&self.weights, values.unwrap_or_default());
                } else {
                    values.resize(count * inputs, 0.0);
                    for (row, values) in values.chunks_exact_mut(inputs).enumerate() {
                        let (y, x) = ((first + row) / width, (first + row) % width);
                        self.gather(input, y / height, [y % height, x], [top, left], values);
                    }
                    bytes.fill(&self.weights, &values);
                }
                self.weights.multiply(&bytes, out);
                if let Some(activation) = self.activation {
                    activation.apply_here(out);
                }
            }
        });
        maps
    }

    /// What the window takes at a place.
    #[inline(always)]
    fn gather(
        &self,
        input: &Maps,
        map: usize,
        [y, x]: [usize; 2],
        [top, left]: [usize; 2],
        values: &mut [f32],
    ) {
        let Window { size, stride, .. } = self.window;
        let channels = input.channels;
        for (row, values) in values.chunks_exact_mut(size[1] * channels).enumerate() {
            let y = (y * stride[0] + row).wrapping_sub(top);
            let x = x * stride[1];
            // Columns of the window before, in and behind the map.
            let before = left.saturating_sub(x).min(size[1]);
            let inside = (input.width + left).saturating_sub(x).min(size[1]).saturating_sub(before);
            let inside = if y < input.height { inside } else { 0 };
            let start = ((map * input.height + y.min(input.height)) * input.width
                + (x + before).saturating_sub(left))
                * channels;
            let found = input.data.get(start..start + inside * channels).unwrap_or_default();
            let (head, rest) = values.split_at_mut((before * channels).min(values.len()));
            let (body, tail) = rest.split_at_mut(found.len().min(rest.len()));
            head.fill(0.0);
            body.copy_from_slice(found.get(..body.len()).unwrap_or_default());
            tail.fill(0.0);
        }
    }
}

/// A convolution of each channel by itself.
#[derive(Clone, Debug)]
pub(crate) struct Depthwise {
    /// `[rows of the window, columns of it, channels]`.
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) window: Window,
    pub(crate) activation: Option<Activation>,
}

impl Depthwise {
    /// Its maps of `input`, which must have as many channels as it has.
    pub(crate) fn apply(&self, input: &Maps, spare: &mut Spare) -> Maps {
        let (height, _) = self.window.outputs(0, input.height);
        let (width, _) = self.window.outputs(1, input.width);
        let mut maps = spare.maps([input.count, height, width, input.channels]);
        if self.bias.len() != input.channels || input.channels == 0 {
            maps.data.fill(0.0);
            return maps;
        }
        let line = (width * input.channels).max(1);
        let work = maps.data.len() * self.window.size[0] * self.window.size[1];
        let lines = (input.count * height).div_ceil(threads::parts(work)).max(1);
        threads::for_each(maps.data.chunks_mut(lines * line).enumerate(), |(part, out)| {
            for (index, out) in out.chunks_mut(line).enumerate() {
                let y = part * lines + index;
                dispatch(DepthwiseLine {
                    layer: self,
                    input,
                    map: y / height,
                    y: y % height,
                    out: &mut *out,
                });
                if let Some(activation) = self.activation {
                    activation.apply_here(out);
                }
            }
        });
        maps
    }
}

/// Places that are computed side by side where their windows are whole: each weight is loaded once for them.
const SIDE_BY_SIDE: usize = 4;

struct DepthwiseLine<'a> {
    layer: &'a Depthwise,
    input: &'a Maps,
    map: usize,
    y: usize,
    out: &'a mut [f32],
}

impl Task for DepthwiseLine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { layer, input, map, y, out } = self;
        let Window { size, stride, .. } = layer.window;
        let ((_, top), (_, left)) =
            (layer.window.outputs(0, input.height), layer.window.outputs(1, input.width));
        let channels = input.channels;
        // Rows and columns of the window that lie in the map.
        let clip = |at: usize, before: usize, size: usize, length: usize| {
            (before.saturating_sub(at).min(size), (length + before).saturating_sub(at).min(size))
        };
        let rows = clip(y * stride[0], top, size[0], input.height);
        // The row of the map that the window's first one would be, far outside where there is none.
        let first_row = (map * input.height + y * stride[0]).wrapping_sub(top);
        let width = out.len() / channels;
        let mut taps = Vec::with_capacity(size[0] * size[1]);
        let mut x = 0;
        while x < width {
            let columns = clip(x * stride[1], left, size[1], input.width);
            let last = (x + SIDE_BY_SIDE - 1) * stride[1];
            let whole = columns.0 == 0 && last + size[1] <= input.width + left && x + SIDE_BY_SIDE <= width;
            let count = if whole { SIDE_BY_SIDE } else { 1 };
            taps.clear();
            for row in rows.0..rows.1 {
                let start = first_row.wrapping_add(row) * input.width;
                for column in columns.0..columns.1 {
                    let place = (start + x * stride[1] + column - left) * channels;
                    let end = place + (count - 1) * stride[1] * channels + channels;
                    let weight = (row * size[1] + column) * channels;
                    let (values, weights) =
                        (input.data.get(place..end), layer.weights.get(weight..weight + channels));
                    if let (Some(values), Some(weights)) = (values, weights) {
                        taps.push((values, weights));
                    }
                }
            }
            let out = out.get_mut(x * channels..(x + count) * channels).unwrap_or_default();
            if whole {
                sum_taps::<S, SIDE_BY_SIDE>(&taps, &layer.bias, stride[1], out);
            } else {
                sum_taps::<S, 1>(&taps, &layer.bias, stride[1], out);
            }
            x += count;
        }
    }
}

/// Eight of `values`. They are always there: each slice has all channels of as many places.
#[inline(always)]
fn eight<S: Simd>(values: &[f32], first: usize) -> S::Floats {
    match values.get(first..).and_then(<[f32]>::first_chunk) {
        Some(eight) => S::load_floats(eight),
        None => S::splat(0.0),
    }
}

/// Writes the sums over all `taps`, values and weights of a place of the window, for `N` places of the map, `stride`
/// apart in the values.
#[inline(always)]
fn sum_taps<S: Simd, const N: usize>(
    taps: &[(&[f32], &[f32])],
    bias: &[f32],
    stride: usize,
    out: &mut [f32],
) {
    let channels = bias.len();
    let step = stride * channels;
    let whole = channels / LANES * LANES;
    for channel in (0..whole).step_by(LANES) {
        let mut sums = [eight::<S>(bias, channel); N];
        for (values, weights) in taps {
            let weights = eight::<S>(weights, channel);
            for (place, sum) in sums.iter_mut().enumerate() {
                let product = S::mul_floats(eight::<S>(values, channel + place * step), weights);
                *sum = S::add_floats(*sum, product);
            }
        }
        for (place, sum) in sums.iter().enumerate() {
            let out = out.get_mut(channel + place * channels..).and_then(<[f32]>::first_chunk_mut);
            if let Some(out) = out {
                S::store_floats(*sum, out);
            }
        }
    }
    for channel in whole..channels {
        for place in 0..N {
            let at = |values: &[f32], place: usize| {
                values.get(channel + place * step).copied().unwrap_or_default()
            };
            let products = taps.iter().map(|(values, weights)| at(values, place) * at(weights, 0));
            let sum = products.fold(at(bias, 0), |sum, product| sum + product);
            if let Some(out) = out.get_mut(channel + place * channels) {
                *out = sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Maps of small whole numbers.
    fn maps(count: usize, height: usize, width: usize, channels: usize) -> Maps {
        let mut maps = Maps::zeros(count, height, width, channels);
        for (index, value) in maps.data.iter_mut().enumerate() {
            *value = (index * 7 % 11) as f32 - 3.0;
        }
        maps
    }

    /// The sum that a window makes at a place, with `weight(output, row, column, input)`.
    fn naive(
        input: &Maps,
        window: Window,
        outputs: usize,
        weight: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Maps {
        let (height, top) = window.outputs(0, input.height);
        let (width, left) = window.outputs(1, input.width);
        let mut maps = Maps::zeros(input.count, height, width, outputs);
        for (index, place) in maps.data.iter_mut().enumerate() {
            let (output, x, y) = (index % outputs, index / outputs % width, index / outputs / width % height);
            let map = index / outputs / width / height;
            for row in 0..window.size[0] {
                for column in 0..window.size[1] {
                    let y = (y * window.stride[0] + row).wrapping_sub(top);
                    let x = (x * window.stride[1] + column).wrapping_sub(left);
                    for (channel, value) in input.at(map, y, x).unwrap_or_default().iter().enumerate() {
                        *place += value * weight(output, row, column, channel);
                    }
                }
            }
        }
        maps
    }

    fn windows() -> Vec<Window> {
        let given = |size, stride, padding| Window { size, stride, padding: Padding::Given(padding) };
        vec![
            given([1, 1], [1, 1], [[0, 0], [0, 0]]),
            given([3, 3], [1, 1], [[1, 1], [1, 1]]),
            given([3, 3], [2, 2], [[1, 1], [1, 1]]),
            given([3, 3], [2, 1], [[1, 1], [1, 1]]),
            given([1, 7], [1, 1], [[0, 0], [3, 3]]),
            given([7, 7], [1, 1], [[3, 3], [3, 3]]),
            Window { size: [2, 2], stride: [1, 1], padding: Padding::Same },
        ]
    }

    #[test]
    fn windows_count_their_places() {
        let [place, _, halved, .., same] = windows()[..] else { unreachable!("there are seven") };
        assert_eq!(
            (place.outputs(0, 5), halved.outputs(0, 5), halved.outputs(1, 6)),
            ((5, 0), (3, 1), (3, 1))
        );
        assert_eq!(same.outputs(0, 5), (5, 0));
        assert_eq!(Window { size: [9, 9], ..place }.outputs(0, 5), (0, 0));
    }

    #[test]
    fn convolutions_sum_what_their_windows_show() {
        for window in windows() {
            let input = maps(2, 9, 13, 3);
            let inputs = 3 * window.size[0] * window.size[1];
            // Whole numbers up to 63 are kept as they are; so is a row with a range of 255 steps.
            let weight = |output: usize, row: usize, column: usize, channel: usize| {
                ((output * 31 + row * 7 + column * 3 + channel) % 127) as f32 - 63.0
            };
            let weights: Vec<f32> = (0..10 * inputs)
                .map(|index| {
                    let (output, place) = (index / inputs, index % inputs / 3);
                    weight(output, place / window.size[1], place % window.size[1], index % 3)
                })
                .collect();
            let weights = ByteMatrix::new(&weights, inputs, &[0.0; 10]).unwrap();
            let layer = Convolution { weights, window, activation: None };
            let (found, exact) =
                (layer.apply(&input, &mut Spare::default()), naive(&input, window, 10, weight));
            assert_eq!((found.height, found.width, found.channels), (exact.height, exact.width, 10));
            // Half a step of the weights and half a one of the values, at their largest.
            let bound = inputs as f32 * (0.5 * 7.0 + 0.022 * 63.0);
            for (found, exact) in found.data.iter().zip(&exact.data) {
                assert!((found - exact).abs() < bound, "{found} for {exact}, {window:?}");
            }
        }
    }

    #[test]
    fn depthwise_convolutions_keep_channels_apart() {
        for (window, channels) in
            windows().into_iter().flat_map(|window| [(window, 8), (window, 24), (window, 5)])
        {
            let input = maps(2, 9, 13, channels);
            let size = window.size;
            let weight = |row: usize, column: usize, channel: usize| {
                ((row * 5 + column * 3 + channel) % 7) as f32 - 2.0
            };
            let weights = (0..size[0] * size[1] * channels)
                .map(|index| weight(index / channels / size[1], index / channels % size[1], index % channels))
                .collect();
            let layer = Depthwise { weights, bias: vec![0.0; channels], window, activation: None };
            let exact = naive(&input, window, channels, |output, row, column, channel| {
                if output == channel { weight(row, column, channel) } else { 0.0 }
            });
            assert_eq!(layer.apply(&input, &mut Spare::default()), exact, "{window:?} {channels}");
        }
    }

    #[test]
    fn what_does_not_fit_gives_zeros() {
        let window = windows()[1];
        let weights = ByteMatrix::new(&[1.0; 18], 18, &[1.0]).unwrap();
        let layer = Convolution { weights, window, activation: None };
        assert!(layer.apply(&maps(1, 4, 4, 3), &mut Spare::default()).data.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn planes_come_back_as_they_were() {
        let planes: Vec<f32> = (0_u8..120).map(f32::from).collect();
        let maps = Maps::of_planes(&planes, [2, 3, 4, 5]);
        assert_eq!(maps.at(1, 2, 3), Some([73.0, 93.0, 113.0].as_slice()));
        assert_eq!(maps.planes(), planes);
    }
}
