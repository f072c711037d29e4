// What a Thing holds, and how pieces of it move.
#include "unit/fake_thing.hpp"

#include <algorithm>

#include "kernel/limits.hpp"

namespace zc::fake {

std::string Slot::text() const {
    if (file == nullptr) return bytes;
    std::string now = offset < file->content.size() ? file->content.substr(offset, size) : "";
    now.resize(size, '\0');  // a truncated page reads as zeros
    return now;
}

bool is_lost(const Slot& slot) { return slot.file == nullptr && slot.bytes.empty(); }

bool has_bytes(const Thing& thing) {
    if (thing.device != Device::none) return thing.device != Device::null;
    if (thing.kind == FdKind::regular) return thing.offset < thing.content.size();
    if (thing.kind == FdKind::pipe) return !thing.slots.empty();
    return !thing.incoming.empty();
}

bool at_end(const Thing& thing) {
    if (has_bytes(thing)) return false;
    return thing.ended || thing.kind == FdKind::regular || thing.device != Device::none;
}

std::size_t room(const Thing& thing) {
    constexpr std::size_t endless = ~std::size_t{0};
    if (thing.kind == FdKind::pipe)
        return (thing.slot_count - std::min(thing.slot_count, thing.slots.size())) *
               limits::page_bytes;
    if (thing.kind == FdKind::regular || thing.device != Device::none) return endless;
    return thing.room - std::min(thing.room, thing.outgoing.size());
}

Slot take_slot(Thing& thing, std::size_t most) {
    most = std::min(most, limits::page_bytes);
    if (thing.device != Device::none) return {std::string(most, '\0'), nullptr, 0, most};
    if (thing.kind == FdKind::regular) {
        const std::size_t page_left = limits::page_bytes - thing.offset % limits::page_bytes;
        const std::size_t size = std::min({most, page_left, thing.content.size() - thing.offset});
        Slot page{{}, &thing, thing.offset, size};
        thing.offset += size;
        return page;
    }
    if (thing.kind != FdKind::pipe) {
        Slot piece{thing.incoming.substr(0, most), nullptr, 0, 0};
        piece.size = piece.bytes.size();
        thing.incoming.erase(0, piece.size);
        return piece;
    }
    Slot& first = thing.slots.front();
    Slot part = first;
    part.size = std::min(most, first.size);
    if (part.file == nullptr) part.bytes.resize(part.size);
    if (part.size == first.size) {
        thing.slots.pop_front();
    } else {
        first.size -= part.size;
        first.offset += part.size;
        if (first.file == nullptr) first.bytes.erase(0, part.size);
    }
    return part;
}

void give_slot(Thing& thing, Slot slot) {
    if (thing.device != Device::none) return;
    if (thing.kind == FdKind::pipe) {
        thing.slots.push_back(std::move(slot));
        return;
    }
    const std::string text = slot.text();
    if (thing.kind != FdKind::regular) {
        thing.outgoing += text;
        return;
    }
    if (thing.append == Append::yes) thing.offset = thing.content.size();
    if (thing.content.size() < thing.offset + text.size())
        thing.content.resize(thing.offset + text.size());
    thing.content.replace(thing.offset, text.size(), text);
    thing.offset += text.size();
}

std::size_t send(Thing& thing, std::string_view bytes) {
    if (thing.kind == FdKind::regular) {
        thing.content += bytes;
        return bytes.size();
    }
    if (thing.kind != FdKind::pipe) {
        thing.incoming += bytes;
        return bytes.size();
    }
    std::size_t sent = 0;
    while (sent < bytes.size() && room(thing) != 0) {
        const auto piece = bytes.substr(sent, limits::page_bytes);
        thing.slots.push_back({std::string(piece), nullptr, 0, piece.size()});
        sent += piece.size();
    }
    return sent;
}

std::string drain(Thing& thing) {
    if (thing.kind == FdKind::regular) return thing.content;
    if (thing.kind != FdKind::pipe) return std::exchange(thing.outgoing, {});
    std::string all;
    for (const Slot& slot : thing.slots) all += slot.text();
    thing.slots.clear();
    return all;
}

bool readable(const Thing& thing) { return has_bytes(thing) || at_end(thing); }

bool writable(const Thing& thing) { return thing.gone || room(thing) != 0; }

bool is_ready(const Thing& thing, Readiness event) {
    switch (event) {
        case Readiness::readable: return readable(thing);
        case Readiness::writable: return writable(thing);
        case Readiness::left: break;
    }
    return thing.gone;
}

}  // namespace zc::fake
