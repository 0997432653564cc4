"""torchaudio over a folder, in the workers of a DataLoader: IN OUT WORKERS."""

import sys

from files import SR, main, missing, save

try:
    import soundfile
    import torch
    import torchaudio
    from torchaudio import transforms
except (ImportError, OSError) as error:
    missing(error)
    sys.exit()

MEL = {"n_fft": 2048, "hop_length": 512, "n_mels": 128, "norm": "slaney", "mel_scale": "slaney", "pad_mode": "constant"}


class Clips(torch.utils.data.Dataset):
    def __init__(self, paths, out):
        self.paths, self.out = paths, out
        self.mel = transforms.MelSpectrogram(SR, **MEL)
        self.decibels = transforms.AmplitudeToDB("power", top_db=80)
        self.resample = {44100: transforms.Resample(44100, SR), SR: torch.nn.Identity()}

    def __len__(self):
        return len(self.paths)

    @torch.inference_mode()
    def __getitem__(self, index):
        samples, rate = soundfile.read(self.paths[index], dtype="float32", always_2d=True)
        y = self.resample[rate](torch.from_numpy(samples).mean(dim=1))
        save(self.out, self.paths[index], self.decibels(self.mel(y)).numpy())
        return index


def run(paths, out, workers):
    torch.set_num_threads(1)
    for _ in torch.utils.data.DataLoader(Clips(paths, out), batch_size=8, num_workers=workers):
        pass


if __name__ == "__main__":
    main(f"torchaudio {torchaudio.__version__.split('+')[0]}", run)
