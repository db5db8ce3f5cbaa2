//! An opened adapter with its programs, and how work is handed to it.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wgpu::{
    BindGroup, BindGroupLayout, Buffer, BufferUsages, ComputePipeline, Device, Limits, MapMode,
    PollType, Queue,
};

use super::{ROWS, SESSIONS};
use crate::signal::SignalError;
use crate::signal::spectrum::{FACE_WINDOW, WHISPER_WINDOW};

/// A device that has not answered for so long is taken for lost. Software Vulkan on a busy machine takes a
/// second for a thousand sessions.
const PATIENCE: Duration = Duration::from_secs(5);
/// The name in errors.
const BACKEND: &str = "wgpu";

/// Which adapters may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapters {
    /// GPUs alone.
    Hardware,
    /// Software that does as if it were one, too. It is slower than the CPU's own backend; for tests.
    Any,
}

pub(super) struct Gpu {
    pub(super) name: String,
    pub(super) device: Device,
    pub(super) queue: Queue,
    pub(super) face: ComputePipeline,
    pub(super) log_power: ComputePipeline,
    pub(super) normalise: ComputePipeline,
    layout: BindGroupLayout,
    /// The first thing that went wrong. wgpu would panic where nobody listens.
    trouble: Trouble,
}

type Trouble = Arc<Mutex<Option<String>>>;

/// The buffers of one kind of work.
pub(super) struct Buffers {
    pub(super) input: Buffer,
    pub(super) state: Buffer,
    out: Buffer,
    read: Buffer,
    bind: BindGroup,
}

impl Gpu {
    pub(super) fn open(adapters: Adapters) -> Result<Self, SignalError> {
        let unavailable = |reason: String| SignalError::Unavailable {
            backend: BACKEND,
            reason,
        };
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let found = now(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
        let mut found = found.unwrap_or_default();
        found.retain(|adapter| {
            adapters == Adapters::Any || adapter.get_info().device_type != wgpu::DeviceType::Cpu
        });
        // A card of its own first, software last.
        found.sort_by_key(|adapter| match adapter.get_info().device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        });
        let adapter = found
            .first()
            .ok_or_else(|| unavailable("no adapter for Vulkan, Metal or DX12".to_owned()))?;
        let (info, has) = (adapter.get_info(), adapter.limits());
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("janet"),
            required_limits: Limits {
                max_buffer_size: has.max_buffer_size,
                max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
                ..Limits::default()
            },
            ..Default::default()
        };
        let (device, queue) = now(adapter.request_device(&descriptor))
            .ok_or_else(|| unavailable("the driver does not answer".to_owned()))?
            .map_err(|error| unavailable(error.to_string()))?;
        let trouble = Trouble::default();
        let note = |trouble: &Trouble| {
            let trouble = Arc::clone(trouble);
            move |what: String| {
                let mut first = trouble.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(what);
            }
        };
        let (on_error, on_loss) = (note(&trouble), note(&trouble));
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            on_error(error.to_string())
        }));
        device.set_device_lost_callback(move |reason, text| on_loss(format!("{reason:?}: {text}")));
        let layout = layout(&device);
        let program = |name, half: usize, group: usize, text: &str| {
            pipeline(&device, &layout, name, half, group, text)
        };
        let log_mel = include_str!("log_mel.wgsl");
        let gpu = Self {
            name: format!("wgpu: {} ({})", info.name, info.backend),
            face: program("face", FACE_WINDOW / 2, SESSIONS, include_str!("face.wgsl")),
            log_power: program("log_power", WHISPER_WINDOW / 2, ROWS, log_mel),
            normalise: program("normalise", WHISPER_WINDOW / 2, ROWS, log_mel),
            layout,
            device,
            queue,
            trouble,
        };
        match gpu.trouble() {
            Some(reason) => Err(SignalError::Program {
                backend: BACKEND,
                reason,
            }),
            None => Ok(gpu),
        }
    }

    fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }

    fn lost(&self, reason: &str) -> SignalError {
        SignalError::Lost {
            backend: BACKEND,
            reason: self.trouble().unwrap_or_else(|| reason.to_owned()),
        }
    }

    /// Values that a buffer may hold.
    pub(super) fn most_values(&self) -> usize {
        let limits = self.device.limits();
        let bytes = limits
            .max_buffer_size
            .min(limits.max_storage_buffer_binding_size);
        // The programs count in 32 bits.
        (bytes.min(u64::from(u32::MAX)) / 4) as usize
    }

    /// Groups that one launch may have.
    pub(super) fn most_groups(&self) -> usize {
        self.device.limits().max_compute_workgroups_per_dimension as usize
    }

    pub(super) fn fits(&self, what: &str, count: usize, most: usize) -> Result<(), SignalError> {
        SignalError::within(what, count, 0..=most)
    }

    /// Buffers with these contents, and room for so many values of input, state and result. New ones hold
    /// zeros.
    pub(super) fn buffers(
        &self,
        shape: &[u8],
        table: &[u8],
        params: &[u8],
        [input, state, out]: [usize; 3],
    ) -> Buffers {
        let buffer = |values: usize, usage| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                // A binding of nothing is an error.
                size: 4 * values.max(4) as u64,
                usage,
                mapped_at_creation: false,
            })
        };
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let filled = |bytes: &[u8]| {
            let buffer = buffer(bytes.len() / 4, storage);
            self.queue.write_buffer(&buffer, 0, bytes);
            buffer
        };
        let fixed = [filled(shape), filled(table), filled(params)];
        let input = buffer(input, storage);
        let state = buffer(state, storage);
        let out_buffer = buffer(out, BufferUsages::STORAGE | BufferUsages::COPY_SRC);
        let all = fixed.iter().chain([&input, &state, &out_buffer]);
        let entries: Vec<wgpu::BindGroupEntry<'_>> = all
            .enumerate()
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: binding as u32,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bind = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        });
        Buffers {
            input,
            state,
            out: out_buffer,
            read: buffer(out, BufferUsages::MAP_READ | BufferUsages::COPY_DST),
            bind,
        }
    }

    /// Runs programs one after the other, so many groups each, and reads the first values of the result.
    pub(super) fn run(
        &self,
        buffers: &Buffers,
        steps: &[(&ComputePipeline, usize)],
        result: &mut [f32],
    ) -> Result<(), SignalError> {
        if self.trouble().is_some() {
            return Err(self.lost(""));
        }
        let mut encoder = self.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_bind_group(0, &buffers.bind, &[]);
            for (pipeline, groups) in steps {
                pass.set_pipeline(pipeline);
                pass.dispatch_workgroups(*groups as u32, 1, 1);
            }
        }
        let bytes = size_of_val(result) as u64;
        encoder.copy_buffer_to_buffer(&buffers.out, 0, &buffers.read, 0, bytes);
        let submission = self.queue.submit([encoder.finish()]);
        let (answer, mapped) = std::sync::mpsc::sync_channel(1);
        buffers
            .read
            .map_async(MapMode::Read, 0..bytes, move |outcome| {
                // Nobody waits any more where the device did not answer in time.
                answer.send(outcome.is_ok()).ok();
            });
        let waited = self.device.poll(PollType::Wait {
            submission_index: Some(submission),
            timeout: Some(PATIENCE),
        });
        if let Err(error) = waited {
            return Err(self.lost(&error.to_string()));
        }
        // Another thread that polls may be the one that calls back, a little later.
        if mapped.recv_timeout(PATIENCE) != Ok(true) || self.trouble().is_some() {
            return Err(self.lost("the result cannot be read"));
        }
        let view = buffers.read.get_mapped_range(0..bytes);
        let view = view.map_err(|error| self.lost(&error.to_string()))?;
        bytemuck::cast_slice_mut(result).copy_from_slice(&view);
        drop(view);
        buffers.read.unmap();
        Ok(())
    }
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.name)
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffers({} bytes of state)", self.state.size())
    }
}

/// The bindings of all programs: four that they read, two that they write.
fn layout(device: &Device) -> BindGroupLayout {
    let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..6)
        .map(|binding| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage {
                    read_only: binding < 4,
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    })
}

fn pipeline(
    device: &Device,
    layout: &BindGroupLayout,
    name: &str,
    half: usize,
    group: usize,
    text: &str,
) -> ComputePipeline {
    let common = include_str!("common.wgsl");
    let source = format!("const HALF = {half}u;\nconst GROUP = {group}u;\n{common}\n{text}");
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: Some(&layout),
        module: &module,
        entry_point: Some(name),
        compilation_options: Default::default(),
        cache: None,
    })
}

/// What a future of wgpu's gives: outside of browsers they are done when they are made.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
