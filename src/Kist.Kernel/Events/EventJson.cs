using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Events;

/// <summary>
/// Events as JSON in the form of Vault's event system (https://developer.hashicorp.com/vault/docs/concepts/events): a
/// CloudEvents 1.0 envelope around the event and its mount.
/// </summary>
internal static class EventJson
{
    /// <summary>A message of the stream itself.</summary>
    /// <param name="rights">The name of the subscriber's rights (<see cref="SubscriberRights"/>).</param>
    public static EventMessage Control(string type, EventPlace place, string rights)
    {
        var id = place.ToString();
        return new EventMessage(id, type, Write(json =>
        {
            json.WriteString("id", id);
            json.WriteString("specversion", "1.0");
            json.WriteString("type", type);
            json.WriteString("rights", rights);
        }));
    }

    /// <summary>An event.</summary>
    public static EventMessage Of(
        ChangeEvent happened, Mount mount, EventPlace place, string node, DateTimeOffset now)
    {
        var id = place.ToString();
        return new EventMessage(id, happened.Type, Write(json =>
        {
            json.WriteString("id", id);
            json.WriteString("source", "kist://" + node);
            json.WriteString("specversion", "1.0");
            json.WriteString("type", happened.Type);
            json.WriteStartObject("data");
            json.WriteStartObject("event");
            json.WriteString("id", id);
            WriteMetadata(json, happened, mount);
            json.WriteEndObject();
            json.WriteString("event_type", happened.Type);
            json.WriteStartObject("plugin_info");
            json.WriteString("mount_class", mount.Entry.IsLogin ? "auth" : "secret");
            json.WriteString("mount_accessor", mount.Entry.Accessor);
            json.WriteString("mount_path", mount.Path);
            json.WriteString("plugin", mount.Entry.Type);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteString("datacontentype", "application/cloudevents");
            json.WriteString("time", GoTime.Format(now));
        }));
    }

    // All of Vault's metadata are texts.
    private static void WriteMetadata(Utf8JsonWriter json, ChangeEvent happened, Mount mount)
    {
        json.WriteStartObject("metadata");
        if (happened.Version is { } version)
            json.WriteString("current_version", version.ToString(CultureInfo.InvariantCulture));
        json.WriteString("data_path", mount.Path + happened.Path);
        json.WriteString("modified", "true");
        json.WriteString("operation", happened.Type[(happened.Type.IndexOf('/') + 1)..]);
        json.WriteString("path", mount.Path + happened.Path);
        json.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes, Response.JsonOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return bytes.WrittenMemory;
    }
}
