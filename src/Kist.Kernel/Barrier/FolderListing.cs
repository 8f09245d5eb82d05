using Kist.Kernel.Stores;

namespace Kist.Kernel.Barrier;

/// <summary>
/// One level of names under a prefix. The store knows no folders: keys come in order, the first key of a deeper folder
/// gives its name, and the next seek goes past everything in it.
/// </summary>
internal sealed class FolderListing(IStore store, string prefix)
{
    private const int SmallestPage = 32;
    private const int LargestPage = 1024;

    // Sorts behind all that names may hold. A key behind even this is still handled: it only costs another seek.
    private const string Last = "\U0010FFFF";

    public async ValueTask<IReadOnlyList<string>> ReadAsync(string after, int limit, CancellationToken ct)
    {
        var most = limit <= 0 ? int.MaxValue : limit;
        var names = new List<string>();
        var slash = after.IndexOf('/');
        // All that "a/b" sorts behind is in "a/" or before it, and no name lies between the two.
        var previous = slash < 0 ? after : after[..(slash + 1)];
        var cursor = previous.Length == 0 ? "" : PastName(previous);
        var size = SmallestPage;
        while (names.Count < most)
        {
            var page = await store.ScanAsync(prefix, cursor, size, ct);
            foreach (var key in page)
            {
                var name = NameOf(key);
                if (name.SequenceEqual(previous)) continue;
                if (names.Count == most) return names;
                previous = name.ToString();
                names.Add(previous);
            }
            if (page.Count < size) return names;
            // Inside a folder the rest of a page is wasted, so pages grow only over plain names.
            var inFolder = previous.EndsWith('/');
            cursor = page[^1];
            if (inFolder && KeyOrder.Instance.Compare(PastName(previous), cursor) > 0) cursor = PastName(previous);
            size = inFolder ? SmallestPage : Math.Min(size * 2, LargestPage);
        }
        return names;
    }

    private string PastName(string name) => name.EndsWith('/') ? prefix + name + Last : prefix + name;

    private ReadOnlySpan<char> NameOf(string key)
    {
        var rest = key.AsSpan(prefix.Length);
        var slash = rest.IndexOf('/');
        return slash < 0 ? rest : rest[..(slash + 1)];
    }
}
