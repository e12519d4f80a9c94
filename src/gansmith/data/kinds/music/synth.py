"""Notes -> sound, by adding up sines: what a page plays. No samples of instruments are needed."""

from __future__ import annotations

import numpy as np

from gansmith.data.kinds.music.midi import Part

RATE = 16_000
TONES = {  # loudness of each harmonic, seconds until a third is left (0: held), by what plays
    "plucked": ((1.0, 0.5, 0.3, 0.15, 0.1, 0.05), 0.6),
    "held": ((1.0, 0.25, 0.2, 0.08), 0.0),
    "deep": ((1.0, 0.6, 0.35, 0.15), 0.9),
}
EDGE = 0.01  # seconds of rise and fall, so that nothing clicks
TAIL = 0.3  # seconds after the last note


def tone_of(program: int) -> str:
    """Which of TONES a General MIDI program sounds like: pianos, guitars and mallets are plucked, basses deep."""
    if 32 <= program <= 39:
        return "deep"
    return "plucked" if program < 16 or 24 <= program <= 31 or 104 <= program <= 108 else "held"


def played(parts: list[Part], tempo: float) -> np.ndarray:
    """Parts as a sound int16 (T,) at RATE."""
    quarter = 60 / tempo
    ends = [part.end.max() for part in parts if len(part.end)]
    long = (max(ends) if ends else 1.0) * quarter + TAIL
    wave = np.zeros(int(long * RATE) + 1, np.float32)
    for part in parts:
        for start, end, pitch in zip(part.start * quarter, part.end * quarter, part.pitch):
            first = int(start * RATE)
            if first < len(wave):
                note = drum(int(pitch)) if part.program < 0 else tone(int(pitch), end - start, tone_of(part.program))
                note = note[: len(wave) - first]
                wave[first : first + len(note)] += note
    loud = np.abs(wave).max()
    return np.round(wave / loud * 0.8 * 32767).astype(np.int16) if loud else wave.astype(np.int16)


def tone(pitch: int, seconds: float, kind: str) -> np.ndarray:
    """One note, its harmonics below half of RATE, softer the higher it is."""
    harmonics, fade = TONES[kind]
    time = np.arange(max(1, int((seconds + EDGE) * RATE)), dtype=np.float32) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    wave = np.zeros_like(time)
    for k, loud in enumerate(harmonics, 1):
        if k * frequency < RATE / 2:
            wave += loud * np.sin(2 * np.pi * k * frequency * time)
    envelope = np.minimum(1, np.minimum(time / EDGE, np.maximum(0, (time[-1] - time) / EDGE)))
    envelope = envelope * (np.exp(-time / fade) if fade else 0.7)
    return wave * envelope * min(1.0, (440.0 / frequency) ** 0.3)


def drum(pitch: int) -> np.ndarray:
    """A stroke, by its General MIDI number: a falling sine for bass drums and toms, else noise that fades."""
    long = 0.25 if pitch in (46, 49, 51, 52, 55, 57, 59) else 0.12
    time = np.arange(int(long * RATE), dtype=np.float32) / RATE
    if pitch in (35, 36, 41, 43, 45, 47, 48, 50):
        return 1.5 * np.sin(2 * np.pi * (50 * time + 4 * (1 - np.exp(-time * 30)))) * np.exp(-time * 18)
    noise = np.random.default_rng(pitch).standard_normal(len(time)).astype(np.float32)
    return (0.6 if pitch in (38, 40) else 0.25) * noise * np.exp(-time * (6 / long))
