//! Which frames a packet socket is given: a small classic BPF program, which the kernel runs for each frame.

/// An instruction of classic BPF: code, jumps (if true, if false), operand.
pub(super) type Instruction = (u16, u8, u8, u32);

/// What a socket is given. The kernel decides before it copies anything, so what is left out costs little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Only frames that came in by this receive queue. The driver has to have noted it, as nearly all do.
    pub queue: Option<u16>,
    /// Only one of so many frames, drawn by chance; 0 and 1 mean all.
    pub one_in: u32,
    /// Bytes of each frame, from its start.
    pub snap: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { queue: None, one_in: 1, snap: u32::MAX }
    }
}

impl Filter {
    /// The same for frames of one receive queue only.
    #[must_use]
    pub fn queue(self, queue: u16) -> Self {
        Self { queue: Some(queue), ..self }
    }

    /// The same for one of so many frames.
    #[must_use]
    pub fn one_in(self, frames: u32) -> Self {
        Self { one_in: frames, ..self }
    }

    /// The same with the first bytes of each frame only.
    #[must_use]
    pub fn snap(self, bytes: u32) -> Self {
        Self { snap: bytes, ..self }
    }

    /// The program. Frames that this host sends never pass.
    ///
    /// Source: the kernel's `include/uapi/linux/filter.h`.
    pub(super) fn program(&self) -> Vec<Instruction> {
        const LOAD_WORD: u16 = 0x20;
        const JUMP_IF_EQUAL: u16 = 0x15;
        const JUMP_IF_GREATER: u16 = 0x25;
        const RETURN: u16 = 0x06;
        /// Loads from here on give what the kernel knows of the frame.
        const ANCILLARY: u32 = 0xffff_f000;
        const PACKET_TYPE: u32 = ANCILLARY + 4;
        const QUEUE: u32 = ANCILLARY + 24;
        const RANDOM: u32 = ANCILLARY + 56;
        const OUTGOING: u32 = 4;

        const DROP: Instruction = (RETURN, 0, 0, 0);
        let mut program = vec![(LOAD_WORD, 0, 0, PACKET_TYPE), (JUMP_IF_EQUAL, 0, 1, OUTGOING), DROP];
        if let Some(queue) = self.queue {
            // The kernel keeps the queue plus one, so that 0 can mean that it is not known.
            program.extend([(LOAD_WORD, 0, 0, QUEUE), (JUMP_IF_EQUAL, 1, 0, u32::from(queue) + 1), DROP]);
        }
        if self.one_in > 1 {
            program.extend([
                (LOAD_WORD, 0, 0, RANDOM),
                (JUMP_IF_GREATER, 0, 1, u32::MAX / self.one_in),
                DROP,
            ]);
        }
        program.push((RETURN, 0, 0, self.snap));
        program
    }
}
