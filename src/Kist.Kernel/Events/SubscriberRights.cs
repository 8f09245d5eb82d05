using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Kist.Kernel.Mounts;
using Kist.Kernel.Policies;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Events;

/// <summary>
/// What a subscriber may see: his rules and the mounts below them. Whoever remembers what he read must know when that
/// becomes another, because no event tells of a secret that he may not read any more.
/// </summary>
internal sealed class SubscriberRights
{
    private const int NameBytes = 16;
    private Acl _acl;
    private MountTable _mounts;

    public SubscriberRights(Caller caller, MountTable mounts)
    {
        (_acl, _mounts) = (caller.Acl, mounts);
        Name = NameOf(_acl, _mounts);
    }

    /// <summary>Stands for these rights: the same on every node, and another one for other rights.</summary>
    public string Name { get; private set; }

    /// <summary>Takes the rights as they are now; true if they are others than before.</summary>
    public bool HaveChanged(Caller caller, MountTable mounts)
    {
        if (ReferenceEquals(caller.Acl, _acl) && ReferenceEquals(mounts, _mounts)) return false;
        (_acl, _mounts) = (caller.Acl, mounts);
        var (before, now) = (Name, NameOf(_acl, _mounts));
        Name = now;
        return before != now;
    }

    private static string NameOf(Acl acl, MountTable mounts)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartArray();
            acl.WriteResultant(json);
            foreach (var mount in mounts.All)
            {
                if (mount.Entry.Tainted || !acl.HasAccessBelow(mount.Path)) continue;
                json.WriteStringValue(mount.Entry.Uuid);
                json.WriteStringValue(mount.Path);
            }
            json.WriteEndArray();
        }
        return Convert.ToHexStringLower(SHA256.HashData(text.WrittenSpan).AsSpan(0, NameBytes));
    }
}
