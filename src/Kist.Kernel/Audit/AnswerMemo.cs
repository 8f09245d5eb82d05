using Kist.Kernel.Mounts;

namespace Kist.Kernel.Audit;

/// <summary>
/// What one sink has written of answers that are the same each time (<see cref="Pipeline.Response.MadeOf"/>): a secret
/// that is read again and again is hashed twice and not each time. It holds keyed hashes and names of fields, as the
/// log does, never a value; of two answers that fall on one place the later stays.
/// </summary>
internal sealed class AnswerMemo
{
    // A sink's memory stays below half a megabyte, whatever is read.
    private const int Places = 256, MaxText = 2048;

    private readonly Kept?[] _kept = new Kept?[Places];

    // What was met once: most of a large store is read once, and would only push out what is read often.
    private readonly long[] _met = new long[Places];

    /// <summary>Appends what was written of this answer before. False: it is not known, or another by now.</summary>
    public bool TryWrite(LineBuffer to, in AuditEntry entry)
    {
        if (entry.Response is not { MadeOf: > 0 and var revision }) return false;
        var path = entry.Request.Path.Value;
        var kept = Volatile.Read(ref _kept[IndexOf(path)]);
        if (kept is null || !kept.Is(path, revision, entry.Mount)) return false;
        to.Raw(kept.Text);
        return true;
    }

    /// <summary>Remembers what was written of this answer.</summary>
    public void Keep(in AuditEntry entry, ReadOnlySpan<byte> text)
    {
        if (entry.Response is not { MadeOf: > 0 and var revision } || text.Length > MaxText) return;
        var path = entry.Request.Path.Value;
        var mark = revision ^ ((long)path.GetHashCode() << 32);
        if (Interlocked.Exchange(ref _met[IndexOf(path)], mark) != mark) return;
        Volatile.Write(ref _kept[IndexOf(path)], new Kept(path, revision, entry.Mount, text.ToArray()));
    }

    private static uint IndexOf(string path) => (uint)path.GetHashCode() % Places;

    /// <param name="Mount">Its settings say what is shown in clear; a change of them is another object.</param>
    private sealed record Kept(string Path, long Revision, MountEntry? Mount, byte[] Text)
    {
        public bool Is(string path, long revision, MountEntry? mount) =>
            Revision == revision && ReferenceEquals(Mount, mount) && Path == path;
    }
}
