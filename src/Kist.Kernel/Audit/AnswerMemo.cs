using Kist.Kernel.Mounts;

namespace Kist.Kernel.Audit;

/// <summary>
/// What one sink has written of answers that are the same each time (<see cref="Pipeline.Response.MadeOf"/>): a secret
/// that many read is hashed once and not for each of them. It holds keyed hashes and names of fields, never a value; of
/// two answers that fall on one place the later stays.
/// </summary>
internal sealed class AnswerMemo
{
    private const int Places = 1024;

    // A sink's memory stays below 2 MB, whatever is read.
    private const int MaxText = 2048;

    private readonly Kept?[] _kept = new Kept?[Places];

    /// <summary>Appends what was written of this answer before. False: it is not known, or another by now.</summary>
    public bool TryWrite(LineBuffer to, in AuditEntry entry)
    {
        if (entry.Response is not { MadeOf: > 0 and var revision }) return false;
        var path = entry.Request.Path.Value;
        if (Volatile.Read(ref PlaceOf(path)) is not { } kept || !kept.Is(path, revision, entry.Mount)) return false;
        to.Raw(kept.Text);
        return true;
    }

    /// <summary>Remembers what was written of this answer.</summary>
    public void Keep(in AuditEntry entry, ReadOnlySpan<byte> text)
    {
        if (entry.Response is not { MadeOf: > 0 and var revision } || text.Length > MaxText) return;
        var path = entry.Request.Path.Value;
        Volatile.Write(ref PlaceOf(path), new Kept(path, revision, entry.Mount, text.ToArray()));
    }

    private ref Kept? PlaceOf(string path) => ref _kept[(uint)path.GetHashCode() % Places];

    /// <param name="Mount">Its settings say what is shown in clear; a change of them is another object.</param>
    private sealed record Kept(string Path, long Revision, MountEntry? Mount, byte[] Text)
    {
        public bool Is(string path, long revision, MountEntry? mount) =>
            Revision == revision && ReferenceEquals(Mount, mount) && Path == path;
    }
}
